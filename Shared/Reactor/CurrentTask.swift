/// Which task runs, as a number to compare: finding it costs a few instructions, installing a cancellation handler takes
/// two locks.
enum CurrentTask {
    static var identity: UInt {
        unsafe withUnsafeCurrentTask { task in
            guard let task = unsafe task else { return 0 }
            return unsafe unsafeBitCast(task, to: UInt.self)
        }
    }
}
