# SPDX-License-Identifier: Apache-2.0
"""Lunar dates and solar terms from astronomy, independent of the tables in kiosk/ui.

Debian's python3-ephem gives new moons and the sun's longitude; the rules are those of
GB/T 33661-2017: days are Beijing days, month 11 holds the winter solstice, and of 13 months
between two solstices the first without a major term is the leap month.

    python3 make_sample.py > sample.txt
Each line: civil date, lunar year, month, day, leap (0 or 1), term that begins (0..23) or -1.
"""
import datetime
import math

import ephem

BEIJING = 8.0 / 24.0


def beijing_day(moment):
    return int(math.floor(float(moment) + BEIJING + 0.5))  # ephem counts from noon


def to_date(day):
    return datetime.date(1899, 12, 31) + datetime.timedelta(days=day)


def sun_degrees(moment):
    sun = ephem.Sun(moment)
    apparent = ephem.Equatorial(sun.g_ra, sun.g_dec, epoch=moment)
    return math.degrees(ephem.Ecliptic(apparent, epoch=moment).lon)


def term_moment(year, index):
    """The moment in @year when the sun reaches 285 + 15 x index degrees (index 0: lesser cold)."""
    want = (285 + 15 * index) % 360
    at = ephem.Date("%d/1/5" % year) + index * 15.2
    for _ in range(20):
        off = (want - sun_degrees(ephem.Date(at)) + 180) % 360 - 180
        at += off * 365.2422 / 360
    return at


def new_moons(year):
    at = ephem.Date("%d/11/1" % (year - 1))
    moons = []
    while at < ephem.Date("%d/3/1" % (year + 1)):
        at = ephem.next_new_moon(at)
        moons.append(beijing_day(at))
        at = at + 20
    return moons


def months_of(year):
    """(first day, number, leap) of the months from month 11 before @year to that in it."""
    solstice = [beijing_day(term_moment(y, 23)) for y in (year - 1, year)]
    moons = new_moons(year)
    first = max(m for m in moons if m <= solstice[0])
    last = max(m for m in moons if m <= solstice[1])
    starts = [m for m in moons if first <= m <= last]
    majors = [beijing_day(term_moment(y, i)) for y in (year - 1, year) for i in range(1, 24, 2)]
    has_leap = len(starts) == 14
    months = []
    number = 11
    for i in range(len(starts) - 1):
        no_major = not any(starts[i] <= t < starts[i + 1] for t in majors)
        leap = has_leap and no_major
        if leap:
            has_leap = False
            months.append((starts[i], (number - 2) % 12 + 1, True))
            continue
        months.append((starts[i], number, False))
        number = number % 12 + 1
    return months, starts[-1]


def lunar_of(day):
    year = to_date(day).year
    for y in (year + 1, year):
        months, end = months_of(y)
        inside = [m for m in months if m[0] <= day]
        if inside and day < end:
            start, number, leap = inside[-1]
            lunar_year = y - 1 if number >= 11 and start < months[3][0] else y
            return lunar_year, number, day - start + 1, leap
    raise ValueError(to_date(day))


def main():
    days = []
    for year in range(1971, 2100, 3):
        base = beijing_day(ephem.Date("%d/1/15" % year))
        days += [base + (year * 37) % 40, base + 40 + (year * 53) % 250]
    for name in ("2025/7/25", "2025/8/23", "2026/2/17", "2026/6/5", "2027/2/6", "2033/12/22",
                 "2034/1/20", "2026/11/20", "2026/11/22", "1978/9/3", "2060/4/1"):
        days.append(beijing_day(ephem.Date(name + " 04:00")))
    for day in sorted(set(days)):
        year, month, number, leap = lunar_of(day)
        terms = [i for i in range(24) if beijing_day(term_moment(to_date(day).year, i)) == day]
        print(to_date(day), year, month, number, int(leap), terms[0] if terms else -1)
    for year in range(1972, 2100, 8):
        for index in range(24):
            day = beijing_day(term_moment(year, index))
            lunar = lunar_of(day)
            print(to_date(day), *lunar[:3], int(lunar[3]), index)


if __name__ == "__main__":
    main()
