#pragma once
#include <zlib.h>

/* inflateInit2 is a macro that passes zlib's version and the stream's size, which Swift cannot expand.
   A window of 15 + 32 bits lets zlib tell gzip from zlib by the header; -15 is deflate without one. */
static inline int zlib_start_inflate(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
