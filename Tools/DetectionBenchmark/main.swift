// `detection-benchmark`: our SecLang engine beside libmodsecurity. Exits 1 when a bar is missed.
internal import Glibc

exit(try DetectionBenchmark.run() ? 0 : 1)
