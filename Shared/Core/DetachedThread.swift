internal import Glibc

/// Threads that nobody joins: each ends when its work does.
package enum DetachedThread {
    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Returns 0, or the number of the error for which there is no thread; then `work` never runs.
    package static func start(_ work: @escaping @Sendable () -> Void) -> CInt {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Work(work))
        let error = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard error == 0 else {
            unsafe context.release()
            return error
        }
        pthread_detach(thread)
        return 0
    }
}
