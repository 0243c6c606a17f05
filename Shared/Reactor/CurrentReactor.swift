internal import Glibc

/// Which reactor's thread this is. Swift has no thread-local variables, so a pthread key does it.
enum CurrentReactor {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let error = unsafe pthread_key_create(&key, nil)
        precondition(error == 0, "no thread-local key is left: \(error)")
        return key
    }()

    /// Unretained: the thread itself holds its reactor for as long as the key is set.
    static func get() -> Reactor? {
        guard let context = unsafe pthread_getspecific(key) else { return nil }
        return unsafe Unmanaged<Reactor>.fromOpaque(context).takeUnretainedValue()
    }

    static func set(_ reactor: Reactor?) {
        let context = unsafe reactor.map { unsafe UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) }
        unsafe pthread_setspecific(key, context)
    }
}
