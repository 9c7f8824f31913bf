/* SPDX-License-Identifier: MIT */
/*
 * The latencies of vblk bench as an SVG picture: how the requests are spread over a logarithmic
 * axis of time (bars, left axis), how many were no slower (line, right axis), and the percentiles.
 */
#include "cmd/vblk/bench_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd/vblk/units.h"
#include "words/print.h"
#include "words/text.h"

#define WIDTH 960
#define HEIGHT 540
#define LEFT 76.0
#define RIGHT 884.0
#define TOP 144.0
#define BOTTOM 462.0

#define BAR_COLOR "#9ec5e8"
#define LINE_COLOR "#0b5394"
#define MARK_COLOR "#c0392b"
#define TEXT_COLOR "#2b2f36"
#define FAINT_COLOR "#7a828e"
#define GRID_COLOR "#e6e9ee"

struct plot {
	FILE *file;
	const char *url;
	const struct bench *bench;
	const struct latency *latency;  /* of what succeeded */
	double least_ns, most_ns;       /* of the axis */
	double peak;              /* top of the left axis, as a part of all requests */
};

static double
x_of(const struct plot *plot, double ns)
{
	return LEFT +
	       (RIGHT - LEFT) * log(ns / plot->least_ns) / log(plot->most_ns / plot->least_ns);
}

/* PART of 1 of the height. */
static double
y_of(double part)
{
	return BOTTOM - (BOTTOM - TOP) * part;
}

static double
share(const struct plot *plot, unsigned row)
{
	return (double)latency_row(plot->latency, row) / (double)plot->latency->count;
}

static double
edge_ns(unsigned row)
{
	return (double)latency_row_floor(row);
}

static double
mark_ns(const struct plot *plot, unsigned i)
{
	return (double)latency_percentile(plot->latency, latency_marks[i].thousandths);
}

/* As units_ns(), with the Greek letter: the picture is UTF-8. */
static struct units_text
greek(struct units_text text)
{
	char *u = strstr(text.s, " us");

	if (u != NULL)
		strcpy(u, " \u00b5s");
	return text;
}

static struct units_text
time_text(double ns)
{
	return greek(units_ns(ns));
}

/* What XML keeps for itself, and what is no text at all, in what a person wrote. */
static void
put_text(FILE *file, const char *text)
{
	unsigned bytes;

	for (; *text != '\0'; text += bytes != 0 ? bytes : 1) {
		bytes = text_utf8(text, 4);
		if (*text == '&')
			fputs("&amp;", file);
		else if (*text == '<')
			fputs("&lt;", file);
		else if (*text == '>')
			fputs("&gt;", file);
		else if (bytes == 0 || (unsigned char)*text < 0x20)
			fputs(bytes == 0 ? "\ufffd" : "?", file);
		else
			fwrite(text, 1, bytes, file);
	}
}

/* The axes' ends: whole steps of 1, 2, 5; the peak a round share. */
static void
scale(struct plot *plot)
{
	static const double rounds[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1};
	unsigned first = LATENCY_ROWS, last = 0;
	double highest = 0;

	for (unsigned r = 0; r + 1 < LATENCY_ROWS; r++) {
		if (latency_row(plot->latency, r) == 0)
			continue;
		first = first == LATENCY_ROWS ? r : first;
		last = r;
		highest = fmax(highest, share(plot, r));
	}
	plot->least_ns = fmax(edge_ns(first), 10) / 1.2;
	plot->most_ns = fmax(edge_ns(last + 1) * 1.2, plot->least_ns * 10);
	plot->peak = 1;
	for (unsigned i = sizeof(rounds) / sizeof(rounds[0]); i > 0; i--)
		plot->peak = rounds[i - 1] >= highest ? rounds[i - 1] : plot->peak;
}

static void
put_title(const struct plot *plot)
{
	const struct bench *bench = plot->bench;
	double seconds = (double)bench->elapsed_ns / 1e9;
	FILE *f = plot->file;

	fprintf(f, "<text x=\"%g\" y=\"42\" font-size=\"22\" font-weight=\"600\">Latency: ", LEFT);
	fprintf(f, "%s, %s</text>\n", bench->work.mode, print_size(bench->work.bytes).s);
	fprintf(f, "<text x=\"%g\" y=\"66\" fill=\"" FAINT_COLOR "\">", LEFT);
	fprintf(f, "depth %llu, %llu queue%s, %.1f s, ", (unsigned long long)bench->work.depth,
		(unsigned long long)bench->work.queues, bench->work.queues == 1 ? "" : "s",
		seconds);
	put_text(f, plot->url);
	fprintf(f, "</text>\n");
	fprintf(f, "<text x=\"%g\" y=\"42\" font-size=\"22\" font-weight=\"600\" ", RIGHT);
	fprintf(f, "text-anchor=\"end\">%s IOPS</text>\n",
		units_count((double)plot->latency->count / seconds).s);
	fprintf(f,
		"<text x=\"%g\" y=\"66\" fill=\"" FAINT_COLOR "\" text-anchor=\"end\">%s</text>\n",
		RIGHT, units_rate((double)(plot->latency->count * bench->work.bytes) / seconds).s);
}

static void
put_axes(const struct plot *plot)
{
	static const double steps[] = {1, 2, 5};
	FILE *f = plot->file;
	double x, y;

	for (unsigned i = 0; i <= 5; i++) {
		y = y_of(i / 5.0);
		fprintf(f, "<path d=\"M%g %gH%g\" stroke=\"%s\"/>\n", LEFT, y, RIGHT,
			i == 0 ? FAINT_COLOR : GRID_COLOR);
		fprintf(f, "<text x=\"%g\" y=\"%g\" text-anchor=\"end\">%.3g%%</text>\n", LEFT - 8,
			y + 4, 100 * plot->peak * i / 5);
		fprintf(f, "<text x=\"%g\" y=\"%g\" fill=\"" LINE_COLOR "\">%u%%</text>\n",
			RIGHT + 8, y + 4, i * 20);
	}
	for (double decade = 1; decade < plot->most_ns; decade *= 10) {
		for (unsigned i = 0; i < 3; i++) {
			x = x_of(plot, decade * steps[i]);
			if (x < LEFT || x > RIGHT)
				continue;
			fprintf(f, "<path d=\"M%.1f %gV%g\" stroke=\"" GRID_COLOR "\"/>\n", x, TOP,
				BOTTOM);
			fprintf(f, "<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%s</text>\n",
				x, BOTTOM + 20, greek(units_ns_short(decade * steps[i])).s);
		}
	}
	fprintf(f, "<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">time of a request</text>\n",
		(LEFT + RIGHT) / 2, BOTTOM + 46);
	fprintf(f, "<text transform=\"translate(22 %g) rotate(-90)\" text-anchor=\"middle\">",
		(TOP + BOTTOM) / 2);
	fprintf(f, "share of the requests</text>\n");
	fprintf(f, "<text transform=\"translate(%d %g) rotate(90)\" text-anchor=\"middle\" ",
		WIDTH - 22, (TOP + BOTTOM) / 2);
	fprintf(f, "fill=\"" LINE_COLOR "\">as fast, or faster</text>\n");
}

static void
put_bars(const struct plot *plot)
{
	for (unsigned r = 0; r + 1 < LATENCY_ROWS; r++) {
		double x, right, y;

		if (latency_row(plot->latency, r) == 0)
			continue;
		x = x_of(plot, fmax(edge_ns(r), plot->least_ns));
		right = x_of(plot, edge_ns(r + 1));
		y = y_of(share(plot, r) / plot->peak);
		fprintf(plot->file,
			"<rect x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" height=\"%.2f\" "
			"fill=\"" BAR_COLOR "\"/>\n",
			x, y, fmax(right - x - 1, 1), BOTTOM - y);
	}
}

static void
put_line(const struct plot *plot)
{
	double sum = 0;

	fprintf(plot->file, "<path d=\"M%g %g", LEFT, BOTTOM);
	for (unsigned r = 0; r + 1 < LATENCY_ROWS; r++) {
		double right = edge_ns(r + 1);

		sum += share(plot, r);
		if (right > plot->least_ns && right < plot->most_ns)
			fprintf(plot->file, "L%.1f %.2f", x_of(plot, right), y_of(sum));
	}
	fprintf(plot->file,
		"H%g\" fill=\"none\" stroke=\"" LINE_COLOR "\" stroke-width=\"2.5\" "
		"stroke-linejoin=\"round\"/>\n",
		RIGHT);
}

#define ROWS 4u

/* A label beside its line, on the lowest row whose labels end before it: UNTIL holds where. */
static void
put_label(const struct plot *plot, const char *name, double ns, double until[ROWS])
{
	double x = x_of(plot, ns), from, width;
	unsigned row = 0;
	bool left;
	char label[64];

	snprintf(label, sizeof(label), "%s %s", name, time_text(ns).s);
	width = 7.6 * (double)strlen(label);
	left = x + 5 + width > WIDTH - 24;
	from = left ? x - 5 - width : x + 5;
	while (row < ROWS - 1 && until[row] > from)
		row++;
	until[row] = from + width + 6;
	/* The halo keeps other marks' lines off the text. */
	fprintf(plot->file,
		"<text x=\"%.1f\" y=\"%g\" fill=\"" MARK_COLOR "\" text-anchor=\"%s\" "
		"stroke=\"#ffffff\" stroke-width=\"5\" paint-order=\"stroke\">%s</text>\n",
		left ? x - 5 : x + 5, TOP - 12 - 18 * row, left ? "end" : "start", label);
}

static void
put_marks(const struct plot *plot)
{
	double until[ROWS] = {0};

	for (unsigned i = 0; i < LATENCY_MARKS; i++)
		fprintf(plot->file,
			"<path d=\"M%.1f %gV%g\" stroke=\"" MARK_COLOR "\" stroke-opacity=\"0.7\" "
			"stroke-dasharray=\"4 3\"/>\n",
			x_of(plot, mark_ns(plot, i)), TOP - 24, BOTTOM);
	for (unsigned i = 0; i < LATENCY_MARKS; i++)
		put_label(plot, latency_marks[i].name, mark_ns(plot, i), until);
}

bool
bench_plot(const struct bench *bench, const char *url, FILE *file)
{
	struct plot plot = {
		.file = file,
		.url = url,
		.bench = bench,
		.latency = &bench->lanes[0]->latency,
	};

	scale(&plot);
	fprintf(plot.file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\" font-family=\"Inter, 'Segoe UI', 'DejaVu Sans', sans-serif\" "
		"font-size=\"13\" fill=\"" TEXT_COLOR "\">\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
	put_title(&plot);
	put_axes(&plot);
	put_bars(&plot);
	put_line(&plot);
	put_marks(&plot);
	fprintf(plot.file, "</svg>\n");
	return fflush(file) == 0 && ferror(file) == 0;
}
