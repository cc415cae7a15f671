/* SPDX-License-Identifier: Apache-2.0 */
/* A picture as a file: documentation, proof, and the test's goldens. */
#include <cairo.h>

#include "kiosk/ui/present.h"

enum err present_write_png(const char *path, uint32_t *pixels, int width_px, int height_px,
                           int stride)
{
    cairo_surface_t *surface = cairo_image_surface_create_for_data(
        (unsigned char *)pixels, CAIRO_FORMAT_RGB24, width_px, height_px, stride);
    cairo_status_t status = cairo_surface_write_to_png(surface, path);
    cairo_surface_destroy(surface);
    return status == CAIRO_STATUS_SUCCESS ? OK : ERR_IO;
}
