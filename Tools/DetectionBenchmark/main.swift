// `detection-benchmark [WORD…]`: our SecLang engine beside libmodsecurity. A word picks rows; `alone` leaves the peer out.
// Exits 1 when a ratio misses its bar.
internal import Glibc

exit(try DetectionBenchmark.run(Array(CommandLine.arguments.dropFirst())) ? 0 : 1)
