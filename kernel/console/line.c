/* SPDX-License-Identifier: MIT */
/* See line.h. */
#include "kernel/console/line.h"

#include "kernel/core/string.h"

#define CTRL(letter) ((letter)&0x1f)
#define KEY_ESCAPE 0x1b
#define KEY_BACKSPACE 0x7f

static unsigned
length_of(const char *text)
{
	unsigned length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

static bool
is_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void
put(struct line *line, const char *text)
{
	line->host.write(line->host.context, text, length_of(text));
}

static void
bell(struct line *line)
{
	put(line, "\a");
}

static unsigned
room(const struct line *line)
{
	unsigned prompt = length_of(line->host.prompt);

	/* One column stays free: terminals differ in what they do after the last one. */
	return prompt + 20 < LINE_COLUMNS ? LINE_COLUMNS - 1 - prompt : 20;
}

/* "ESC [ COUNT C": right by COUNT columns. */
static void
move_right(struct line *line, unsigned count)
{
	char text[8] = "\033[";
	unsigned at = 2;

	if (count == 0)
		return;
	if (count >= 100)
		text[at++] = (char)('0' + count / 100 % 10);
	if (count >= 10)
		text[at++] = (char)('0' + count / 10 % 10);
	text[at++] = (char)('0' + count % 10);
	text[at] = 'C';
	put(line, text);
}

/* A byte of a character that is not its first. */
static bool
is_tail(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The bytes of the character before byte AT; 0 at the start. */
static unsigned
bytes_before(const struct line *line, unsigned at)
{
	unsigned start = at;

	while (start > 0 && is_tail(line->text[start - 1]))
		start--;
	return at - (start > 0 ? start - 1 : start);
}

/* The bytes of the character at byte AT; 0 at the end. */
static unsigned
bytes_at(const struct line *line, unsigned at)
{
	unsigned end = at;

	if (end < line->length)
		end++;
	while (end < line->length && is_tail(line->text[end]))
		end++;
	return end - at;
}

/* Columns that the bytes from FIRST to before LAST take on the screen. */
static unsigned
columns(const struct line *line, unsigned first, unsigned last)
{
	unsigned count = 0;

	for (; first < last; first++)
		count += !is_tail(line->text[first]);
	return count;
}

/* Draws prompt and line anew, the part around the cursor when it does not fit. */
static void
draw(struct line *line)
{
	unsigned width = room(line);
	unsigned end;

	if (line->cursor < line->left)
		line->left = line->cursor;
	while (columns(line, line->left, line->cursor) > width)
		line->left += bytes_at(line, line->left);
	if (columns(line, 0, line->length) <= width)
		line->left = 0;
	end = line->left;
	while (end < line->length && columns(line, line->left, end) < width)
		end += bytes_at(line, end);
	put(line, "\r");
	put(line, line->host.prompt);
	line->host.write(line->host.context, line->text + line->left, end - line->left);
	put(line, "\033[K\r");
	move_right(line, length_of(line->host.prompt) + columns(line, line->left, line->cursor));
}

static void
set_text(struct line *line, const char *text)
{
	line->length = length_of(text);
	memcpy(line->text, text, line->length + 1);
	line->cursor = line->length;
	draw(line);
}

/* The line is not to be run, because of WHY. */
static void
refuse(struct line *line, const char *why)
{
	if (line->refused == NULL) {
		line->refused = why;
		bell(line);
	}
}

static void
insert(struct line *line, char byte)
{
	if (line->length + 1 >= LINE_BYTES) {
		refuse(line, "the line is too long");
		return;
	}
	memmove(line->text + line->cursor + 1, line->text + line->cursor,
		line->length - line->cursor + 1);
	line->text[line->cursor++] = byte;
	line->length++;
	if (line->cursor == line->length && columns(line, 0, line->length) <= room(line))
		line->host.write(line->host.context, &byte, 1);
	else if (line->tail == 0)
		draw(line);
}

/* Whether BYTE goes on with the character that is being typed; none is longer than it need be. */
static bool
goes_on(const struct line *line, unsigned char byte)
{
	if (!is_tail((char)byte))
		return false;
	switch (line->lead) {
	case 0xe0:
		return byte >= 0xa0;
	case 0xed:
		return byte < 0xa0; /* surrogates */
	case 0xf0:
		return byte >= 0x90;
	case 0xf4:
		return byte < 0x90;
	default:
		return true;
	}
}

/* A byte of UTF-8, or what is none. */
static void
insert_wide(struct line *line, unsigned char byte)
{
	line->lead = line->tail == 0 ? byte : 0;
	if (line->tail != 0)
		line->tail--;
	else if (byte >= 0xc2 && byte <= 0xf4)
		line->tail = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
	else {
		refuse(line,
		       byte == LINE_LOST ? "a part of the line was lost" : "the line is no UTF-8");
		return;
	}
	insert(line, (char)byte);
}

/* Takes COUNT bytes before the cursor away. */
static void
erase(struct line *line, unsigned count)
{
	if (count == 0)
		return;
	memmove(line->text + line->cursor - count, line->text + line->cursor,
		line->length - line->cursor + 1);
	line->cursor -= count;
	line->length -= count;
	draw(line);
}

static void
erase_at_cursor(struct line *line)
{
	unsigned count = bytes_at(line, line->cursor);

	line->cursor += count;
	erase(line, count);
}

static void
erase_to_end(struct line *line)
{
	line->length = line->cursor;
	line->text[line->length] = '\0';
	draw(line);
}

static void
erase_word(struct line *line)
{
	unsigned start = line->cursor;

	while (start > 0 && line->text[start - 1] == ' ')
		start--;
	while (start > 0 && line->text[start - 1] != ' ')
		start--;
	erase(line, line->cursor - start);
}

static void
move_to(struct line *line, unsigned cursor)
{
	if (cursor <= line->length && cursor != line->cursor) {
		line->cursor = cursor;
		draw(line);
	}
}

static void
history_show(struct line *line, unsigned at)
{
	if (line->history_at == line->history_count)
		memcpy(line->draft, line->text, line->length + 1);
	line->history_at = at;
	set_text(line, at == line->history_count ? line->draft : line->history[at]);
}

static void
history_up(struct line *line)
{
	if (line->history_at > 0)
		history_show(line, line->history_at - 1);
}

static void
history_down(struct line *line)
{
	if (line->history_at < line->history_count)
		history_show(line, line->history_at + 1);
}

/* Keeps the line, unless it is blank or the same as the last one. */
static void
history_keep(struct line *line)
{
	unsigned count = line->history_count;
	unsigned blanks = 0;

	while (line->text[blanks] == ' ')
		blanks++;
	if (line->text[blanks] == '\0' ||
	    (count > 0 && is_equal(line->history[count - 1], line->text)))
		return;
	if (count == LINE_HISTORY) {
		memmove(line->history[0], line->history[1], (LINE_HISTORY - 1) * LINE_BYTES);
		line->history_count = --count;
	}
	memcpy(line->history[count], line->text, line->length + 1);
	line->history_count = count + 1;
}

static bool
begins_with(const char *text, const char *start, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		if (text[i] != start[i])
			return false;
	return true;
}

/* How far the candidates that begin with the line agree; *FOUND counts them. */
static unsigned
common_length(const struct line *line, unsigned *found, const char **first)
{
	unsigned common = 0;
	const char *word;

	*found = 0;
	for (unsigned n = 0; (word = line->host.candidate(line->host.context, n)) != NULL; n++) {
		if (!begins_with(word, line->text, line->length))
			continue;
		if ((*found)++ == 0) {
			*first = word;
			common = length_of(word);
		}
		for (unsigned i = 0; i < common; i++)
			if (word[i] != (*first)[i])
				common = i;
	}
	return common;
}

static void
show_candidates(struct line *line)
{
	const char *word;

	put(line, "\n");
	for (unsigned n = 0; (word = line->host.candidate(line->host.context, n)) != NULL; n++) {
		if (begins_with(word, line->text, line->length)) {
			put(line, word);
			put(line, "  ");
		}
	}
	put(line, "\n");
	draw(line);
}

/*
 * Completes command names, with the cursor at the end.  Where nothing can be completed a tab is a
 * blank, if a word follows: in what is pasted tabs are blanks, not keys.
 */
static void
complete(struct line *line)
{
	const char *first = NULL;
	unsigned found, common;

	if (line->host.candidate == NULL || line->cursor != line->length) {
		bell(line);
		return;
	}
	common = common_length(line, &found, &first);
	if (found == 0 || (common == line->length && found > 1 && line->more_waits)) {
		line->tab_waits = true;
		bell(line);
		return;
	}
	if (common == line->length && found > 1) {
		show_candidates(line);
		return;
	}
	/* Word by word: if the tab was pasted, the next word follows by itself. */
	for (unsigned i = line->length; i < common; i++)
		if (first[i] == ' ')
			common = i + 1;
	while (line->length < common)
		insert(line, first[line->length]);
	if (found == 1 && first[common] == '\0')
		insert(line, ' ');
}

/* The key that a complete escape sequence stands for. */
static void
take_sequence(struct line *line)
{
	switch (line->escape[line->escape_length - 1]) {
	case 'A':
		history_up(line);
		break;
	case 'B':
		history_down(line);
		break;
	case 'C':
		move_to(line, line->cursor + bytes_at(line, line->cursor));
		break;
	case 'D':
		move_to(line, line->cursor - bytes_before(line, line->cursor));
		break;
	case 'H':
		move_to(line, 0);
		break;
	case 'F':
		move_to(line, line->length);
		break;
	case '~':
		if (line->escape[2] == '3')
			erase_at_cursor(line);
		else if (line->escape[2] == '1' || line->escape[2] == '7')
			move_to(line, 0);
		else if (line->escape[2] == '4' || line->escape[2] == '8')
			move_to(line, line->length);
		break;
	default:
		break;
	}
}

/* One more byte of an escape sequence: ESC, '[' or 'O', parameters, a final letter or '~'. */
static void
take_escape(struct line *line, char byte)
{
	bool introducer = line->escape_length == 1;

	if (introducer && byte != '[' && byte != 'O') {
		line->escape_length = byte == KEY_ESCAPE ? 1 : 0;
		return;
	}
	if (byte < 0x20 || byte > 0x7e) {
		line->escape_length = byte == KEY_ESCAPE ? 1 : 0;
		return;
	}
	/* Too long to be a key: the rest is read, the last place is overwritten. */
	if (line->escape_length == LINE_ESCAPE_BYTES)
		line->escape_length--;
	line->escape[line->escape_length++] = byte;
	if (!introducer && byte >= 0x40) {
		take_sequence(line);
		line->escape_length = 0;
	}
}

static line_result
finish(struct line *line, line_result result)
{
	if (result == LINE_DONE && line->refused != NULL)
		result = LINE_REFUSED;
	if (result == LINE_DONE) {
		move_to(line, line->length);
		history_keep(line);
	} else if (result == LINE_CANCELLED) {
		put(line, "^C");
	}
	put(line, "\n");
	if (result == LINE_REFUSED) {
		put(line, line->refused);
		put(line, ": it is not run\n");
	}
	return result;
}

static void
take_editing(struct line *line, char byte)
{
	switch (byte) {
	case CTRL('A'):
		move_to(line, 0);
		break;
	case CTRL('B'):
		move_to(line, line->cursor - bytes_before(line, line->cursor));
		break;
	case CTRL('D'):
		erase_at_cursor(line);
		break;
	case CTRL('E'):
		move_to(line, line->length);
		break;
	case CTRL('F'):
		move_to(line, line->cursor + bytes_at(line, line->cursor));
		break;
	case CTRL('H'):
	case KEY_BACKSPACE:
		erase(line, bytes_before(line, line->cursor));
		break;
	case CTRL('K'):
		erase_to_end(line);
		break;
	case CTRL('L'):
		put(line, "\033[H\033[2J");
		draw(line);
		break;
	case CTRL('N'):
		history_down(line);
		break;
	case CTRL('P'):
		history_up(line);
		break;
	case CTRL('U'):
		erase(line, line->cursor);
		break;
	case CTRL('W'):
		erase_word(line);
		break;
	default:
		bell(line);
	}
}

void
line_init(struct line *line, const struct line_host *host)
{
	memset(line, 0, sizeof(*line));
	line->host = *host;
}

void
line_start(struct line *line)
{
	line->text[0] = '\0';
	line->length = 0;
	line->cursor = 0;
	line->left = 0;
	line->tail = 0;
	line->refused = NULL;
	line->tab_waits = false;
	line->escape_length = 0;
	line->history_at = line->history_count;
	put(line, line->host.prompt);
}

line_result
line_take(struct line *line, char byte)
{
	bool second = line->after_return && byte == '\n';

	line->after_return = byte == '\r';
	if (second)
		return LINE_MORE;
	if (line->escape_length != 0) {
		take_escape(line, byte);
		return LINE_MORE;
	}
	if (line->tail != 0 && !goes_on(line, (unsigned char)byte)) {
		/* Half a character stays where it is. */
		line->tail = 0;
		refuse(line, "the line is no UTF-8");
		draw(line);
	}
	if (byte == '\r' || byte == '\n')
		return finish(line, LINE_DONE);
	if (byte == CTRL('C'))
		return finish(line, LINE_CANCELLED);
	if (byte == CTRL('D') && line->length == 0)
		return finish(line, LINE_END);
	if (byte == KEY_ESCAPE) {
		line->tab_waits = false;
		line->escape[0] = byte;
		line->escape_length = 1;
	} else if (byte == '\t') {
		complete(line);
	} else if (line->tab_waits && ((unsigned char)byte > ' ' && byte != KEY_BACKSPACE)) {
		line->tab_waits = false;
		insert(line, ' ');
		return line_take(line, byte);
	} else if (((unsigned char)byte & 0x80) != 0) {
		insert_wide(line, (unsigned char)byte);
	} else if (byte >= ' ' && byte < KEY_BACKSPACE) {
		insert(line, byte);
	} else {
		line->tab_waits = false;
		take_editing(line, byte);
	}
	return LINE_MORE;
}
