#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# An example for reader.power_reset: the USB device is taken away from its driver and given back,
# which begins it anew. That cures a reader on USB (pn53x_usb, acr122_usb) and the serial bridge of
# a PN532; the power of the chip behind a bridge stays on. README.md says what else there is.
#
# The name below is that of the port: what stands before the colon in the output of
#   readlink -f /sys/class/tty/ttyUSB0/device
# cardd's user must be allowed to write there, by a udev rule for example (one line):
#   ACTION=="add", SUBSYSTEM=="usb", KERNEL=="1-1.2",
#   RUN+="/bin/chgrp shilling /sys%p/authorized", RUN+="/bin/chmod g+w /sys%p/authorized"
set -eu
device=/sys/bus/usb/devices/1-1.2

if [ ! -e "$device/authorized" ]; then
    echo "$device is not there: nothing is plugged into this port, or it has another name" >&2
    exit 1
fi
echo 0 > "$device/authorized"
sleep 1
echo 1 > "$device/authorized"
sleep 2 # until the reader has its name again
