// SPDX-License-Identifier: GPL-3.0-or-later
//
// A consumer of frames in C, written from docs/wire-format.md alone. It needs libzmq and nothing else.
//
//     cc -std=c11 -o consumer consumer.c -lzmq && ./consumer tcp://127.0.0.1:5555
//
// Prints one line for each frame and event until the end of a pass, then what was missed. Exit 0: nothing was;
// 1: something was; 2: wrong use, no connection or a message that is not of version 1.
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { max_parts = 4, max_topics = 256, max_text = 128, row_len_known = 64 };

static void die(const char* what)
{
    fprintf(stderr, "consumer: %s\n", what);
    exit(2);
}

// -- JSON: as much as the headers need ------------------------------------------------------------------------------

static const char* skip_space(const char* p) { return p + strspn(p, " \t\r\n"); }

// p at the opening quote; returns behind the closing one.
static const char* skip_string(const char* p)
{
    for (++p; *p != '"'; ++p) {
        if (*p == '\\')
            ++p;
        if (*p == '\0')
            die("header: text without end");
    }
    return p + 1;
}

static const char* skip_value(const char* p)
{
    if (*p == '"')
        return skip_string(p);
    if (*p != '{' && *p != '[')
        return p + strcspn(p, ",}] \t\r\n");
    int depth = 0;
    do {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        if (*p == '\0')
            die("header: object without end");
        depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
        ++p;
    } while (depth > 0);
    return p;
}

// Steps through an object. p: behind '{' or behind the value before. Returns the key, sets *value; NULL at the end.
static const char* next_key(const char* p, const char** value)
{
    p = skip_space(p);
    if (*p == ',')
        p = skip_space(p + 1);
    if (*p != '"')
        return NULL;
    const char* colon = skip_space(skip_string(p));
    if (*colon != ':')
        die("header: key without value");
    *value = skip_space(colon + 1);
    return p + 1;
}

// The value of a key of an object, or NULL.
static const char* find(const char* object, const char* key)
{
    const size_t len = strlen(key);
    const char* value = NULL;
    for (const char *p = object + 1, *found; (found = next_key(p, &value)) != NULL; p = skip_value(value))
        if (strncmp(found, key, len) == 0 && found[len] == '"')
            return value;
    return NULL;
}

static uint64_t integer_of(const char* object, const char* key)
{
    const char* value = find(object, key);
    if (value == NULL || *value < '0' || *value > '9')
        die("header: an integer is missing");
    return strtoull(value, NULL, 10);
}

// Copies a text up to its closing quote; `text` at the first octet of it.
static void copy_text(char* out, const char* text)
{
    const size_t len = strcspn(text, "\"");
    if (len >= max_text)
        die("header: text too long");
    memcpy(out, text, len);
    out[len] = '\0';
}

static void text_of(const char* object, const char* key, char* out)
{
    const char* value = find(object, key);
    if (value == NULL || *value != '"')
        die("header: a text is missing");
    copy_text(out, value + 1);
}

// -- "What was missed" ----------------------------------------------------------------------------------------------

struct topic {
    char name[max_text];
    uint64_t next_seq, next_frame_seq, received_frames, missed_messages, missed_frames;
};

static struct topic topics[max_topics];
static size_t n_topics;
static char session[max_text];
static bool is_aligned; // a message with totals has come

// Everything before these numbers has been sent: what has not come is missed.
static struct topic* advance(const char* name, uint64_t seq, uint64_t frame_seq)
{
    struct topic* t = NULL;
    for (size_t i = 0; i < n_topics && t == NULL; ++i)
        if (strcmp(topics[i].name, name) == 0)
            t = &topics[i];
    if (t == NULL) {
        if (n_topics == max_topics)
            die("too many topics");
        t = &topics[n_topics++];
        memset(t, 0, sizeof *t);
        strcpy(t->name, name);
        if (!is_aligned) {
            t->next_seq = seq;
            t->next_frame_seq = frame_seq;
        }
    }
    if (seq > t->next_seq) {
        t->missed_messages += seq - t->next_seq;
        t->next_seq = seq;
    }
    if (frame_seq > t->next_frame_seq) {
        t->missed_frames += frame_seq - t->next_frame_seq;
        t->next_frame_seq = frame_seq;
    }
    return t;
}

static void compare_totals(const char* totals)
{
    const char* value = NULL;
    for (const char *p = totals + 1, *key; (key = next_key(p, &value)) != NULL; p = skip_value(value)) {
        char name[max_text];
        copy_text(name, key);
        advance(name, integer_of(value, "messages"), integer_of(value, "frames"));
    }
    is_aligned = true;
}

// -- messages -------------------------------------------------------------------------------------------------------

// Little-endian numbers, whatever this machine is.
static uint64_t le(const uint8_t* p, unsigned len)
{
    uint64_t value = 0;
    for (unsigned i = len; i-- > 0;)
        value = value << 8 | p[i];
    return value;
}

static float le_float(const uint8_t* p)
{
    const uint32_t bits = (uint32_t)le(p, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// FNV-1a, so that the test can compare payloads.
static uint32_t digest(const uint8_t* p, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; ++i)
        hash = (hash ^ p[i]) * 16777619u;
    return hash;
}

static void print_frame(const char* topic, const uint8_t* row, const uint8_t* frame, size_t frame_len)
{
    printf("frame %s %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %.2f",
           topic,
           (int64_t)le(row, 8),
           le(row + 16, 8),
           le(row + 24, 4),
           le(row + 28, 4),
           (double)le_float(row + 32));
    printf(" %u %u %u %u", (unsigned)le(row + 40, 2), row[42], row[43], row[47]);
    printf(" %u,%u,%u,%u %08" PRIx64 " %08" PRIx32 "\n",
           row[48],
           row[49],
           row[50],
           row[51],
           le(row + 60, 4),
           digest(frame, frame_len));
}

struct part {
    uint8_t* data; // ends with an extra 0
    size_t len;
};

static void take_frames(const char* topic, const char* header, const struct part* parts, size_t n_parts)
{
    const uint64_t count = integer_of(header, "count"), frame_len = integer_of(header, "frame_len_bytes");
    const uint64_t row_len = integer_of(header, "metadata_len_bytes");
    const uint64_t first = integer_of(header, "first_frame_seq");
    if (n_parts != 4 || row_len < row_len_known || parts[2].len != count * row_len || parts[3].len != count * frame_len)
        die("frames: lengths do not agree");
    struct topic* t = advance(topic, integer_of(header, "seq"), first);
    t->next_seq = integer_of(header, "seq") + 1;
    t->next_frame_seq = first + count;
    t->received_frames += count;
    for (uint64_t i = 0; i < count; ++i)
        print_frame(topic, parts[2].data + i * row_len, parts[3].data + i * frame_len, frame_len);
}

// Returns true at the end of a pass.
static bool take_message(const struct part* parts, size_t n_parts)
{
    if (n_parts < 2 || parts[0].len >= max_text || parts[1].data[0] != '{')
        die("message that is not ours");
    const char* topic = (const char*)parts[0].data;
    const char* header = (const char*)parts[1].data;
    if (integer_of(header, "xband") != 1)
        die("message of another version");
    char type[max_text], sender[max_text];
    text_of(header, "type", type);
    text_of(header, "session", sender);
    if (strcmp(sender, session) != 0) {
        strcpy(session, sender);
        n_topics = 0;
        is_aligned = false;
    }
    if (strcmp(type, "frames") == 0) {
        take_frames(topic, header, parts, n_parts);
        return false;
    }
    const uint64_t seq = integer_of(header, "seq");
    advance(topic, seq, 0)->next_seq = seq + 1;
    printf("event %s %s %" PRIu64 "\n", topic, type, seq);
    const char* totals = find(header, "topics");
    if (totals != NULL)
        compare_totals(totals);
    return strcmp(type, "pass_end") == 0;
}

static size_t receive(void* socket, struct part* parts)
{
    size_t n = 0;
    int more = 1;
    while (more) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, socket, 0) < 0)
            die("no message for 10 s");
        if (n == max_parts)
            die("message of too many parts");
        parts[n].len = zmq_msg_size(&message);
        parts[n].data = calloc(parts[n].len + 1, 1);
        if (parts[n].data == NULL)
            die("out of memory");
        memcpy(parts[n].data, zmq_msg_data(&message), parts[n].len);
        more = zmq_msg_more(&message);
        zmq_msg_close(&message);
        ++n;
    }
    return n;
}

int main(int argc, char** argv)
{
    if (argc != 2)
        die("usage: consumer ENDPOINT");
    void* context = zmq_ctx_new();
    void* socket = zmq_socket(context, ZMQ_SUB);
    const int high_water_mark = 4096, heartbeat_ms = 5000, heartbeat_timeout_ms = 15000, timeout_ms = 10000;
    zmq_setsockopt(socket, ZMQ_RCVHWM, &high_water_mark, sizeof high_water_mark);
    zmq_setsockopt(socket, ZMQ_HEARTBEAT_IVL, &heartbeat_ms, sizeof heartbeat_ms);
    zmq_setsockopt(socket, ZMQ_HEARTBEAT_TIMEOUT, &heartbeat_timeout_ms, sizeof heartbeat_timeout_ms);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
    if (zmq_connect(socket, argv[1]) != 0)
        die(zmq_strerror(zmq_errno()));

    bool is_end = false;
    while (!is_end) {
        struct part parts[max_parts];
        const size_t n = receive(socket, parts);
        is_end = take_message(parts, n);
        for (size_t i = 0; i < n; ++i)
            free(parts[i].data);
    }
    zmq_close(socket);
    zmq_ctx_term(context);

    bool is_complete = true;
    for (size_t i = 0; i < n_topics; ++i) {
        const struct topic* t = &topics[i];
        printf("topic %s received %" PRIu64 " frames, missed %" PRIu64 " messages, %" PRIu64 " frames\n",
               t->name,
               t->received_frames,
               t->missed_messages,
               t->missed_frames);
        is_complete = is_complete && t->missed_messages == 0;
    }
    return is_complete ? 0 : 1;
}
