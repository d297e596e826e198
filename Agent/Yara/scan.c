#define _GNU_SOURCE
#include "scan.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yara.h>

// Of one file.
static const int most_rules = 100, most_strings = 10;
// Bytes of memory that are looked at as one.
static const size_t block_size = (size_t)16 << 20;
// They read what they are given, and the clock. Not among them: magic, cuckoo, console and what comes later.
static const char *const modules[] = {"pe", "elf", "dotnet", "dex", "macho", "math", "hash", "string", "time", NULL};

static YR_RULES *rules;

void scan_say(scan_answer *answer, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    size_t count = (size_t)length < sizeof line - 2 ? (size_t)length : sizeof line - 2;
    for (size_t i = 0; i < count; i++)
        if (line[i] == '\n' || line[i] == 0) line[i] = ' ';
    line[count++] = '\n';
    // Room is kept for the last line.
    size_t kept = strncmp(line, "end", 3) == 0 || strncmp(line, "error", 5) == 0 ? 0 : 1024;
    if (answer->count + count + kept > sizeof answer->text) return;
    memcpy(answer->text + answer->count, line, count);
    answer->count += count;
}

int scan_begin(void) { return yr_initialize(); }

// MARK: Rules

static void take_fault(
    int level, const char *file, int line, const YR_RULE *rule, const char *message, void *context
) {
    (void)file, (void)rule;
    scan_answer *answer = context;
    if (level == YARA_ERROR_LEVEL_ERROR && answer->count < 2048) scan_say(answer, "error line %d: %s", line, message);
}

typedef struct {
    scan_answer *answer;
    // The name of a module that is not allowed.
    const char *refused;
    int rules;
    int is_more;
} take_state;

static int take_import(const YR_MODULE_IMPORT *import, take_state *state) {
    for (const char *const *name = modules; *name; name++)
        if (strcmp(*name, import->module_name) == 0) return CALLBACK_CONTINUE;
    state->refused = import->module_name;
    return CALLBACK_ERROR;
}

static void take_rule(YR_SCAN_CONTEXT *context, YR_RULE *rule, take_state *state) {
    if (state->rules++ >= most_rules) {
        state->is_more = 1;
        return;
    }
    scan_say(state->answer, "rule %s", rule->identifier);
    int count = 0;
    YR_STRING *string;
    YR_MATCH *match;
    yr_rule_strings_foreach(rule, string) {
        yr_string_matches_foreach(context, string, match) {
            if (count++ >= most_strings) return;
            scan_say(
                state->answer, "string %s %llu %d", string->identifier,
                (unsigned long long)(match->base + match->offset), (int)match->match_length);
        }
    }
}

static int take(YR_SCAN_CONTEXT *context, int message, void *data, void *given) {
    take_state *state = given;
    switch (message) {
    case CALLBACK_MSG_IMPORT_MODULE: return take_import(data, state);
    case CALLBACK_MSG_RULE_MATCHING: take_rule(context, data, state); return CALLBACK_CONTINUE;
    case CALLBACK_MSG_TOO_MANY_MATCHES: state->is_more = 1; return CALLBACK_CONTINUE;
    default: return CALLBACK_CONTINUE;
    }
}

void scan_compile(const char *text, scan_answer *answer) {
    YR_COMPILER *compiler = NULL;
    if (rules || yr_compiler_create(&compiler) != ERROR_SUCCESS) {
        scan_say(answer, "error the rules cannot be taken");
        return;
    }
    yr_compiler_set_callback(compiler, take_fault, answer);
    yr_compiler_set_include_callback(compiler, NULL, NULL, NULL);
    int faults = yr_compiler_add_string(compiler, text, NULL);
    int result = faults == 0 ? yr_compiler_get_rules(compiler, &rules) : ERROR_SUCCESS;
    yr_compiler_destroy(compiler);
    if (faults != 0 || result != ERROR_SUCCESS) {
        if (answer->count == 0) scan_say(answer, "error the rules cannot be compiled (%d)", result);
        return;
    }
    // A look at nothing tells which modules they take.
    take_state state = {.answer = answer};
    int code = yr_rules_scan_mem(rules, (const uint8_t *)"", 0, 0, take, &state, 2);
    answer->count = 0;
    if (state.refused) scan_say(answer, "error the module %s is not among those that rules may import", state.refused);
    else if (code == ERROR_SCAN_TIMEOUT) scan_say(answer, "error the rules do not come to an end even where there is nothing to match");
    else if (code != ERROR_SUCCESS) scan_say(answer, "error the rules cannot be run (%d)", code);
    else {
        scan_say(answer, "rules %d", (int)rules->num_rules);
        return;
    }
    yr_rules_destroy(rules);
    rules = NULL;
}

// MARK: Scanning

static YR_SCANNER *scanner(take_state *state, int seconds) {
    YR_SCANNER *scanner = NULL;
    if (!rules || yr_scanner_create(rules, &scanner) != ERROR_SUCCESS) {
        scan_say(state->answer, "error there are no rules, or no memory");
        return NULL;
    }
    yr_scanner_set_callback(scanner, take, state);
    yr_scanner_set_timeout(scanner, seconds);
    yr_scanner_set_flags(scanner, SCAN_FLAGS_REPORT_RULES_MATCHING);
    return scanner;
}

static void end(YR_SCANNER *scanner, take_state *state, int code) {
    yr_scanner_destroy(scanner);
    if (state->is_more) scan_say(state->answer, "more");
    scan_say(state->answer, "end %d", code);
}

void scan_file(int file, int seconds, scan_answer *answer) {
    take_state state = {.answer = answer};
    YR_SCANNER *one = scanner(&state, seconds);
    if (one) end(one, &state, yr_scanner_scan_fd(one, file));
}

typedef struct {
    int memory;
    const scan_piece *pieces;
    size_t count, index;
    uint64_t done;
    uint8_t *buffer;
    YR_MEMORY_BLOCK block;
} memory_walk;

static const uint8_t *fetch(YR_MEMORY_BLOCK *block) {
    memory_walk *walk = block->context;
    size_t count = 0;
    while (count < block->size) {
        ssize_t got = pread(walk->memory, walk->buffer + count, block->size - count, (off_t)(block->base + count));
        if (got <= 0) break;
        count += (size_t)got;
    }
    // What is gone by now, or can be read by nobody, is zeros.
    memset(walk->buffer + count, 0, block->size - count);
    return walk->buffer;
}

static YR_MEMORY_BLOCK *here(YR_MEMORY_BLOCK_ITERATOR *iterator) {
    memory_walk *walk = iterator->context;
    iterator->last_error = ERROR_SUCCESS;
    if (walk->index >= walk->count) return NULL;
    const scan_piece *piece = &walk->pieces[walk->index];
    uint64_t left = piece->size - walk->done;
    walk->block = (YR_MEMORY_BLOCK){
        .size = left < block_size ? (size_t)left : block_size, .base = piece->start + walk->done, .context = walk,
        .fetch_data = fetch,
    };
    return &walk->block;
}

static YR_MEMORY_BLOCK *first(YR_MEMORY_BLOCK_ITERATOR *iterator) {
    memory_walk *walk = iterator->context;
    walk->index = 0;
    walk->done = 0;
    return here(iterator);
}

static YR_MEMORY_BLOCK *next(YR_MEMORY_BLOCK_ITERATOR *iterator) {
    memory_walk *walk = iterator->context;
    walk->done += walk->block.size;
    if (walk->done >= walk->pieces[walk->index].size) {
        walk->index++;
        walk->done = 0;
    }
    return here(iterator);
}

void scan_memory(int memory, const scan_piece *pieces, size_t count, int seconds, scan_answer *answer) {
    take_state state = {.answer = answer};
    YR_SCANNER *one = scanner(&state, seconds);
    if (!one) return;
    memory_walk walk = {.memory = memory, .pieces = pieces, .count = count, .buffer = malloc(block_size)};
    if (!walk.buffer) {
        yr_scanner_destroy(one);
        scan_say(answer, "error there is no memory");
        return;
    }
    YR_MEMORY_BLOCK_ITERATOR iterator = {.context = &walk, .first = first, .next = next};
    end(one, &state, yr_scanner_scan_mem_blocks(one, &iterator));
    free(walk.buffer);
}
