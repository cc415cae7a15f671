/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SVG path data (SVG 1.1, section 8.3) to absolute lines and curves. Arcs follow the conversion
 * of its appendix F.6 (end points to centre) and are then cut into pieces of at most 90 degrees,
 * each of which a cubic curve meets to a few thousandths of its radius.
 */
#include "kiosk/ui/bake/path.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct pen {
    const char *at;
    FILE *out;
    double x, y;             /* where it stands */
    double start_x, start_y; /* where this piece began */
    double hint_x, hint_y;   /* last control point, for S */
    char last;
};

static double number(struct pen *pen, bool *ok)
{
    while (*pen->at == ' ' || *pen->at == ',') {
        pen->at++;
    }
    char *end = NULL;
    double value = strtod(pen->at, &end);
    if (end == pen->at) {
        *ok = false;
    }
    pen->at = end;
    return value;
}

/* Arc flags may stand without blanks: "a1 1 0 012 3". */
static bool flag(struct pen *pen, bool *ok)
{
    while (*pen->at == ' ' || *pen->at == ',') {
        pen->at++;
    }
    if (*pen->at != '0' && *pen->at != '1') {
        *ok = false;
        return false;
    }
    return *pen->at++ == '1';
}

static void put(struct pen *pen, double value)
{
    (void)fprintf(pen->out, "%ld, ", lround(value * 1000.0));
}

static void move_to(struct pen *pen, double x, double y, bool draw)
{
    (void)fprintf(pen->out, "%s, ", draw ? "UI_PATH_LINE" : "UI_PATH_MOVE");
    put(pen, x);
    put(pen, y);
    pen->x = x;
    pen->y = y;
}

struct curve {
    double x1, y1, x2, y2, x, y;
};

static void curve_to(struct pen *pen, struct curve c)
{
    (void)fprintf(pen->out, "UI_PATH_CURVE, ");
    put(pen, c.x1);
    put(pen, c.y1);
    put(pen, c.x2);
    put(pen, c.y2);
    put(pen, c.x);
    put(pen, c.y);
    pen->x = c.x;
    pen->y = c.y;
    pen->hint_x = c.x2;
    pen->hint_y = c.y2;
}

struct arc {
    double rx, ry, x, y;
    bool large, sweep;
};

/* Unrotated ellipses only: we draw no others. */
static void arc_to(struct pen *pen, struct arc a)
{
    double dx = (pen->x - a.x) / 2.0;
    double dy = (pen->y - a.y) / 2.0;
    double rx = fabs(a.rx);
    double ry = fabs(a.ry);
    double over = dx * dx / (rx * rx) + dy * dy / (ry * ry);
    if (over > 1.0) {
        rx *= sqrt(over);
        ry *= sqrt(over);
        over = 1.0;
    }
    double root = over > 0.0 ? sqrt(fmax(0.0, 1.0 / over - 1.0)) : 0.0;
    double sign = a.large == a.sweep ? -1.0 : 1.0;
    double mid_x = sign * root * rx * dy / ry;
    double mid_y = -sign * root * ry * dx / rx;
    double cx = mid_x + (pen->x + a.x) / 2.0;
    double cy = mid_y + (pen->y + a.y) / 2.0;
    double from = atan2((dy - mid_y) / ry, (dx - mid_x) / rx);
    double to = atan2((-dy - mid_y) / ry, (-dx - mid_x) / rx);
    double turn = to - from;
    if (a.sweep && turn < 0.0) {
        turn += 2.0 * M_PI;
    } else if (!a.sweep && turn > 0.0) {
        turn -= 2.0 * M_PI;
    }
    long pieces = lround(ceil(fabs(turn) / (M_PI / 2.0) - 1e-9));
    double step = pieces > 0 ? turn / (double)pieces : 0.0;
    double k = 4.0 / 3.0 * tan(step / 4.0);
    for (long i = 0; i < pieces; i++) {
        double t1 = from + step * (double)i;
        double t2 = t1 + step;
        bool last = i + 1 == pieces;
        curve_to(pen, (struct curve){
                          .x1 = cx + rx * (cos(t1) - k * sin(t1)),
                          .y1 = cy + ry * (sin(t1) + k * cos(t1)),
                          .x2 = cx + rx * (cos(t2) + k * sin(t2)),
                          .y2 = cy + ry * (sin(t2) - k * cos(t2)),
                          .x = last ? a.x : cx + rx * cos(t2),
                          .y = last ? a.y : cy + ry * sin(t2),
                      });
    }
}

static bool draw_curve(struct pen *pen, char command, double ox, double oy)
{
    bool ok = true;
    struct curve c = {.x1 = pen->x, .y1 = pen->y};
    bool smooth = command == 'S' || command == 's';
    if (!smooth) {
        c.x1 = number(pen, &ok) + ox;
        c.y1 = number(pen, &ok) + oy;
    } else if (pen->last != '\0' && strchr("CcSs", pen->last) != NULL) {
        c.x1 = 2.0 * pen->x - pen->hint_x;
        c.y1 = 2.0 * pen->y - pen->hint_y;
    }
    c.x2 = number(pen, &ok) + ox;
    c.y2 = number(pen, &ok) + oy;
    c.x = number(pen, &ok) + ox;
    c.y = number(pen, &ok) + oy;
    curve_to(pen, c);
    return ok;
}

static bool draw_arc(struct pen *pen, double ox, double oy)
{
    bool ok = true;
    struct arc a = {0};
    a.rx = number(pen, &ok);
    a.ry = number(pen, &ok);
    (void)number(pen, &ok); /* rotation */
    a.large = flag(pen, &ok);
    a.sweep = flag(pen, &ok);
    a.x = number(pen, &ok) + ox;
    a.y = number(pen, &ok) + oy;
    if (ok) {
        arc_to(pen, a);
    }
    return ok;
}

static bool draw_line(struct pen *pen, char command, double ox, double oy)
{
    bool ok = true;
    double x = pen->x;
    double y = pen->y;
    if (command != 'V' && command != 'v') {
        x = number(pen, &ok) + ox;
    }
    if (command != 'H' && command != 'h') {
        y = number(pen, &ok) + oy;
    }
    bool moves = command == 'M' || command == 'm';
    move_to(pen, x, y, !moves);
    if (moves) {
        pen->start_x = x;
        pen->start_y = y;
    }
    return ok;
}

static bool draw(struct pen *pen, char command)
{
    bool relative = command >= 'a';
    double ox = relative ? pen->x : 0.0;
    double oy = relative ? pen->y : 0.0;
    switch (command) {
    case 'M':
    case 'm':
    case 'L':
    case 'l':
    case 'H':
    case 'h':
    case 'V':
    case 'v':
        return draw_line(pen, command, ox, oy);
    case 'C':
    case 'c':
    case 'S':
    case 's':
        return draw_curve(pen, command, ox, oy);
    case 'A':
    case 'a':
        return draw_arc(pen, ox, oy);
    case 'Z':
    case 'z':
        (void)fprintf(pen->out, "UI_PATH_CLOSE, ");
        pen->x = pen->start_x;
        pen->y = pen->start_y;
        return true;
    default:
        return false;
    }
}

const char *bake_path(const char *d, FILE *out)
{
    struct pen pen = {.at = d, .out = out};
    char command = '\0';
    while (*pen.at != '\0') {
        if (*pen.at == ' ' || *pen.at == ',') {
            pen.at++;
            continue;
        }
        bool repeated = strchr("0123456789+-.", *pen.at) != NULL;
        if (!repeated) {
            command = *pen.at++;
        } else if (command == '\0' || command == 'Z' || command == 'z') {
            return "path data does not begin with a command";
        } else if (command == 'M') {
            command = 'L'; /* further points of a move are lines */
        } else if (command == 'm') {
            command = 'l';
        }
        if (!draw(&pen, command)) {
            return "path data is not what bake understands";
        }
        pen.last = command;
    }
    return command == '\0' ? "empty path data" : NULL;
}
