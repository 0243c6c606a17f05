#pragma once
#include <zlib.h>

/* inflateInit2 and deflateInit2 are macros that pass zlib's version and the stream's size, which Swift cannot expand.
   A window of 15 + 32 bits lets zlib tell gzip from zlib by the header, 15 + 16 writes gzip, -15 is deflate without a
   header. */
static inline int zlib_start_inflate(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

static inline int zlib_start_deflate(z_stream *stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}
