internal import COpenSSL
internal import Reactor

/// The ciphertext side of a TLS stream: what OpenSSL calls a BIO, between the library and the socket.
///
/// Received bytes stay in the reactor's transport buffer while OpenSSL takes them; only what it leaves behind is kept
/// here. Sent bytes go straight to the socket; only what the kernel does not take is kept here. So a connection that
/// rests owns no buffer. Confined to the socket's reactor.
@safe
final class Transport {
    /// A peer that makes us answer (key updates) and never reads is cut off here.
    private static let mostUnsentBytes = 256 << 10

    let socket: StreamSocket
    private var window = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    private var leftOver: [UInt8] = []
    private var takenOfLeftOver = 0
    private var unsent: [UInt8] = []
    private var sentOfUnsent = 0
    /// What OpenSSL gives is collected until `flush`, so that it leaves in one system call.
    private(set) var isHolding = false
    /// What the socket said when OpenSSL could only be told "it failed".
    private(set) var failure: StreamFailure?
    private(set) var hasEnded = false

    init(_ socket: StreamSocket) { self.socket = socket }

    var hasUnsentBytes: Bool { !unsent.isEmpty }
    var hasUnreadBytes: Bool { !leftOver.isEmpty }

    // MARK: Receiving

    /// Opens a window on the bytes that the socket has. False when it has none. To be called when OpenSSL has taken all
    /// there was; `closeWindow` has to follow before anything else runs on the reactor.
    func receive() throws(StreamFailure) -> Bool {
        let buffer = unsafe socket.reactor.transportBuffer
        guard let count = unsafe try socket.tryRead(into: buffer) else { return false }
        hasEnded = count == 0
        unsafe window = UnsafeRawBufferPointer(rebasing: buffer.prefix(count))
        return true
    }

    /// Keeps what OpenSSL has not taken.
    func closeWindow() {
        guard unsafe !window.isEmpty else { return }
        unsafe leftOver.append(contentsOf: window)
        unsafe window = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// OpenSSL asks for bytes.
    fileprivate func supply(_ target: UnsafeMutableRawBufferPointer) -> Int {
        if !leftOver.isEmpty { return unsafe supplyLeftOver(target) }
        let count = unsafe min(target.count, window.count)
        guard count > 0 else { return 0 }
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: window.prefix(count)))
        unsafe window = UnsafeRawBufferPointer(rebasing: window.dropFirst(count))
        return count
    }

    private func supplyLeftOver(_ target: UnsafeMutableRawBufferPointer) -> Int {
        let leftOver = leftOver
        let count = min(target.count, leftOver.count - takenOfLeftOver)
        unsafe leftOver.span.bytes.withUnsafeBytes { bytes in
            let part = unsafe bytes[takenOfLeftOver..<(takenOfLeftOver + count)]
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
        }
        takenOfLeftOver += count
        if takenOfLeftOver == leftOver.count {
            self.leftOver = []
            takenOfLeftOver = 0
        }
        return count
    }

    // MARK: Sending

    /// OpenSSL gives bytes, which are always taken whole: so it never has to repeat itself.
    fileprivate func accept(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard failure == nil, unsent.count - sentOfUnsent <= Self.mostUnsentBytes else { return false }
        do throws(StreamFailure) {
            var rest = unsafe bytes
            while unsafe !isHolding && unsent.isEmpty && !rest.isEmpty {
                guard let count = unsafe try socket.tryWrite(rest, UnsafeRawBufferPointer(start: nil, count: 0)) else {
                    break
                }
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
            unsafe unsent.append(contentsOf: rest)
            return true
        } catch {
            failure = error
            return false
        }
    }

    func hold() { isHolding = true }

    /// Sends what is left over as far as the socket takes it. True when nothing is left.
    func flush() throws(StreamFailure) -> Bool {
        isHolding = false
        if unsent.isEmpty { return true }
        let unsent = unsent
        while sentOfUnsent < unsent.count {
            let count = unsafe try unsent.span.bytes.withUnsafeBytes { bytes throws(StreamFailure) -> Int? in
                unsafe try socket.tryWrite(
                    UnsafeRawBufferPointer(rebasing: bytes.dropFirst(sentOfUnsent)),
                    UnsafeRawBufferPointer(start: nil, count: 0))
            }
            guard let count else { return false }
            sentOfUnsent += count
        }
        self.unsent = []
        sentOfUnsent = 0
        return true
    }
}

/// OpenSSL's view of a `Transport`.
enum TransportBIO {
    /// A BIO that ends in `transport`, which has to outlive it.
    static func make(_ transport: Transport) -> OpaquePointer? {
        guard let bio = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(transport).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "infinite")
        unsafe BIO_meth_set_read(method) { bio, target, count in
            guard let bio = unsafe bio, let target = unsafe target, count > 0 else { return 0 }
            unsafe infinite_bio_clear_retry(bio)
            let taken = unsafe transport(of: bio)
                .supply(UnsafeMutableRawBufferPointer(start: target, count: Int(count)))
            if taken == 0 {
                unsafe infinite_bio_retry_read(bio)
                return -1
            }
            return Int32(taken)
        }
        unsafe BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio = unsafe bio, count > 0 else { return 0 }
            unsafe infinite_bio_clear_retry(bio)
            let isTaken = unsafe transport(of: bio).accept(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return isTaken ? count : -1
        }
        unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return unsafe method
    }()

    private static func transport(of bio: OpaquePointer) -> Transport {
        guard let context = unsafe BIO_get_data(bio) else { preconditionFailure("the BIO was made by `make`") }
        return unsafe Unmanaged<Transport>.fromOpaque(context).takeUnretainedValue()
    }
}
