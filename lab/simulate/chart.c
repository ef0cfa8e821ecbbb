// SPDX-License-Identifier: MIT
#include "lab/simulate/chart.h"

#include "base/buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static void put(struct chart *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct chart *c, const char *format, ...)
{
    char text[600];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (c->error == 0)
        c->error = buf_puts(c->out, text);
}

static void put_escaped(struct chart *c, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            put(c, "&lt;");
        else if (*text == '&')
            put(c, "&amp;");
        else if ((unsigned char)*text >= ' ')
            put(c, "%c", *text);
    }
}

double chart_at(const struct chart_scale *s, double value)
{
    return s->at_from + (value - s->from) / (s->to - s->from) * (s->at_to - s->at_from);
}

double chart_round_up(double largest, size_t max_ticks, double *ret_step)
{
    static const double rounds[] = {1, 2, 5, 10};
    const double least = (largest > 0 ? largest : 1) / (double)max_ticks;
    const double power = pow(10, floor(log10(least)));
    size_t i = 0;

    while (i < 3 && rounds[i] * power < least * (1 - 1e-9))
        i++;
    *ret_step = rounds[i] * power;
    return ceil((largest > 0 ? largest : 1) / *ret_step - 1e-9) * *ret_step;
}

void chart_begin(struct chart *c, const char *title)
{
    put(c,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
        "font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\">\n<title>",
        CHART_WIDTH, CHART_HEIGHT);
    put_escaped(c, title);
    put(c, "</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", CHART_WIDTH,
        CHART_HEIGHT);
    chart_text(c, &(struct chart_text){40, 62, 44, CHART_START, CHART_INK, 1}, "%s", title);
}

void chart_end(struct chart *c)
{
    put(c, "</svg>\n");
}

void chart_text(struct chart *c, const struct chart_text *style, const char *format, ...)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    char text[300];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put(c, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" text-anchor=\"%s\" fill=\"%s\"%s>",
        style->x, style->y, style->size, anchors[style->anchor], style->colour,
        style->bold ? " font-weight=\"bold\"" : "");
    put_escaped(c, text);
    put(c, "</text>\n");
}

void chart_line(struct chart *c, double x1, double y1, double x2, double y2, const char *colour,
                int width, int dashed)
{
    put(c,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
        "stroke-width=\"%d\"%s/>\n",
        x1, y1, x2, y2, colour, width, dashed ? " stroke-dasharray=\"14 8\"" : "");
}

void chart_dot(struct chart *c, double x, double y, const char *colour)
{
    put(c, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"13\" fill=\"%s\"/>\n", x, y, colour);
}

/* The points of a curve, from left to right; the first one is moved to, or drawn to. */
static void put_points(struct chart *c, const struct chart_curve *curve, char first)
{
    for (size_t i = 0; i < curve->count; i++) {
        const double value = curve->value(curve->data, i);
        const double y = chart_at(curve->y, value < curve->y->to ? value : curve->y->to);
        const double left = chart_at(curve->x, (double)i);
        const double right = chart_at(curve->x, (double)i + 1);
        const char move = i == 0 ? first : 'L';
        if (curve->steps)
            put(c, "%c%.1f %.1fH%.1f", move, left, y, right);
        else
            put(c, "%c%.1f %.1f", move, (left + right) / 2, y);
    }
}

void chart_fill(struct chart *c, const struct chart_curve *curve)
{
    const double bottom = chart_at(curve->y, curve->y->from);

    put(c, "<path fill=\"%s\" fill-opacity=\"0.15\" d=\"M%.1f %.1f", curve->colour,
        chart_at(curve->x, 0), bottom);
    put_points(c, curve, 'L');
    put(c, "L%.1f %.1fZ\"/>\n", chart_at(curve->x, (double)curve->count), bottom);
}

void chart_curve(struct chart *c, const struct chart_curve *curve)
{
    put(c, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%d\" stroke-linejoin=\"round\" d=\"",
        curve->colour, curve->width);
    put_points(c, curve, 'M');
    put(c, "\"/>\n");
}
