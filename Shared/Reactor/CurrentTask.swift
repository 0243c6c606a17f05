internal import CLinux

/// Which task runs, as a number to compare: finding it costs a few instructions, installing a cancellation handler takes
/// two locks.
enum CurrentTask {
    static var identity: UInt { UInt(bitPattern: unsafe infinite_current_task()) }
}
