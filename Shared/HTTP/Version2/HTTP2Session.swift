internal import CNGHTTP2
internal import Core
internal import Glibc

/// What a session tells its connection, during `receive` and `produce` only. Where a Bool is asked for, false ends the
/// session.
///
/// A class and no protocol: a session tells some thirty things about each request, and a class can be told without being
/// counted.
class HTTP2SessionListener {
    func frameBegan(_ frame: HTTP2Frame) -> Bool { true }
    /// The frame was understood and may not stand where it stands.
    func frameWasInvalid() -> Bool { true }
    func fieldsBegan(on stream: Int32) {}
    func field(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool { true }
    func fieldsEnded(on stream: Int32, endsStream: Bool) {}
    func received(_ content: UnsafeRawBufferPointer, on stream: Int32) {}
    func contentEnded(on stream: Int32) {}
    func peerReset(_ stream: Int32) {}
    func peerGoesAway(after lastStream: Int32, code: UInt32) {}
    func peerSettingsArrived() {}
    func frameSent(_ frame: HTTP2Frame, code: UInt32) {}
    func closed(_ stream: Int32, code: UInt32) {}
}

/// nghttp2 as a codec: received bytes in, events out; what we submit in, bytes to send out. It does frames, header
/// compression, windows, stream states and settings; it never touches a socket, and what messages may say is decided by
/// `HTTP2FieldSection`, so its own check of messages is off.
///
/// Confined to its connection's reactor. `receive` and `produce` must not be called from within a listener's methods;
/// everything else may.
@safe
final class HTTP2Session {
    private let session: OpaquePointer
    /// Set while nghttp2 runs, during which whoever called holds it.
    private var listener: Unmanaged<HTTP2SessionListener>?
    private var mustPause = false
    /// The listener asked for a pause during the last `receive`, and nghttp2 has made it.
    private(set) var hasPaused = false
    /// What is to be sent, in order.
    private(set) var output: [UInt8] = []
    private var outputLimit = 0
    /// What the peer announced before its first request: settings and the connection's window, values in their order.
    private(set) var announced = KeyHash()
    private var hasSeenFields = false

    init(_ announcement: HTTP2Announcement) throws(HTTPFailure) {
        var made: OpaquePointer?
        let options = unsafe Self.options(announcement)
        defer { unsafe nghttp2_option_del(options) }
        let callbacks = unsafe HTTP2Callbacks.shared.pointer
        let result =
            announcement.isServer
            ? unsafe nghttp2_session_server_new2(&made, callbacks, nil, options)
            : unsafe nghttp2_session_client_new2(&made, callbacks, nil, options)
        guard result == 0, let made = unsafe made else { throw .misused("nghttp2 has no memory for a session") }
        unsafe session = made
        unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        announce(announcement)
    }

    deinit { unsafe nghttp2_session_del(session) }

    private static func options(_ announcement: HTTP2Announcement) -> OpaquePointer? {
        var options: OpaquePointer?
        _ = unsafe nghttp2_option_new(&options)
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_no_http_messaging(options, 1)
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        unsafe nghttp2_option_set_max_outbound_ack(options, 256)
        // Ours is stricter and answers by another code.
        unsafe nghttp2_option_set_stream_reset_rate_limit(options, 100_000, 100_000)
        unsafe nghttp2_option_set_max_deflate_dynamic_table_size(options, 4_096)
        return unsafe options
    }

    private func announce(_ announcement: HTTP2Announcement) {
        var settings = [
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, announcement.streamWindow),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, announcement.maximumHeaderListBytes),
        ]
        if announcement.isServer {
            settings.append((NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, announcement.maximumConcurrentStreams))
            // Nobody here looks at RFC 7540's priorities: then nghttp2 need not keep their tree.
            settings.append((NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1))
            if announcement.allowsExtendedConnect {
                settings.append((NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1))
            }
        } else {
            settings.append((NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        }
        let entries = settings.map {
            nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: UInt32(clamping: $0.1))
        }
        _ = unsafe nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
        _ = unsafe nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(clamping: announcement.connectionWindow))
    }

    // MARK: Bytes

    /// How many bytes were taken: all, unless the listener asked for a pause. Nil when the peer broke the protocol beyond
    /// what a stream's end can mend, or the listener said so.
    func receive(_ bytes: UnsafeRawBufferPointer, for listener: HTTP2SessionListener) -> Int? {
        unsafe self.listener = Unmanaged.passUnretained(listener)
        defer { unsafe self.listener = nil }
        (mustPause, hasPaused) = (false, false)
        let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let taken = unsafe nghttp2_session_mem_recv(session, base, bytes.count)
        return taken == bytes.count || hasPaused && taken >= 0 ? taken : nil
    }

    /// Said by the listener when fields begin: `receive` returns behind the first of them.
    func pause() { mustPause = true }

    /// Fills `output` up to about `limit` bytes. False when the session is beyond use.
    func produce(upTo limit: Int, for listener: HTTP2SessionListener) -> Bool {
        unsafe self.listener = Unmanaged.passUnretained(listener)
        defer { unsafe self.listener = nil }
        outputLimit = limit
        while output.count < limit {
            let before = output.count
            var bytes: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &bytes)
            guard count >= 0 else { return false }
            unsafe output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
            if output.count == before { break }
        }
        return true
    }

    func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// An empty buffer to fill next.
    func reuse(_ buffer: consuming [UInt8]) { output = buffer }

    /// Nothing is to be read or written any more: the connection has said all.
    var hasEnded: Bool { unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 }
    var queuedFrames: Int { unsafe nghttp2_session_get_outbound_queue_size(session) }
    var peerMaximumStreams: Int {
        unsafe Int(
            nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }
    /// The greatest stream of the peer's that was begun.
    var lastPeerStream: Int32 { unsafe nghttp2_session_get_last_proc_stream_id(session) }
    var mayBeginStreams: Bool { unsafe nghttp2_session_check_request_allowed(session) != 0 }

    // MARK: What we say

    /// `stream` provides the content, when there is any. Sent are `fields` and those of the message.
    func respond(
        _ stream: HTTP2Stream, _ fields: HTTP2FieldEncoder, _ headers: borrowing HTTPHeaders,
        _ added: borrowing HTTPHeaders, hasContent: Bool
    ) {
        unsafe withUnsafePointer(to: Self.provider(stream)) { provider in
            unsafe fields.withFields(and: headers, added, but: HTTP2FieldEncoder.ownOfResponses) { fields in
                _ = unsafe nghttp2_submit_response(
                    session, stream.id, fields.baseAddress, fields.count, hasContent ? provider : nil)
            }
        }
    }

    /// Returns the new stream's number; negative when none is to be had.
    func request(
        _ stream: HTTP2Stream, _ fields: HTTP2FieldEncoder, _ headers: borrowing HTTPHeaders,
        _ added: borrowing HTTPHeaders, hasContent: Bool
    ) -> Int32 {
        unsafe withUnsafePointer(to: Self.provider(stream)) { provider in
            unsafe fields.withFields(and: headers, added, but: HTTP2FieldEncoder.ownOfRequests) { fields in
                unsafe nghttp2_submit_request(
                    session, nil, fields.baseAddress, fields.count, hasContent ? provider : nil, nil)
            }
        }
    }

    /// An interim response (RFC 9110 §15.2).
    func inform(_ stream: Int32, _ fields: HTTP2FieldEncoder) {
        unsafe fields.withFields { fields in
            _ = unsafe nghttp2_submit_headers(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, nil, fields.baseAddress, fields.count, nil)
        }
    }

    private static func provider(_ stream: HTTP2Stream) -> nghttp2_data_provider {
        unsafe nghttp2_data_provider(
            source: nghttp2_data_source(ptr: Unmanaged.passUnretained(stream).toOpaque()),
            read_callback: { _, _, _, room, flags, source, _ in
                guard let context = unsafe source?.pointee.ptr, let flags = unsafe flags else { return -1 }
                let content = unsafe Unmanaged<HTTP2Stream>.fromOpaque(context)._withUnsafeGuaranteedRef {
                    $0.contentToSend(room)
                }
                guard let (count, isLast) = content else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
                unsafe flags.pointee = NGHTTP2_DATA_FLAG_NO_COPY.rawValue
                if isLast { unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
                return count
            })
    }

    /// There is content again where there was none.
    func resume(_ stream: Int32) { _ = unsafe nghttp2_session_resume_data(session, stream) }

    func reset(_ stream: Int32, _ code: UInt32) {
        _ = unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code)
    }

    /// Content was taken by whom it was meant for: the peer may send as much again.
    func consume(_ count: Int, of stream: Int32) { _ = unsafe nghttp2_session_consume(session, stream, count) }
    /// The same for a stream that is gone.
    func consume(_ count: Int) { _ = unsafe nghttp2_session_consume_connection(session, count) }

    /// The first step of leaving: nothing new, please, yet what is on its way is still served (RFC 9113 §6.8).
    func announceShutdown() { _ = unsafe nghttp2_submit_shutdown_notice(session) }

    /// The second step: streams up to the last one seen will be answered, others not.
    func goAway(_ code: UInt32 = HTTP2ErrorCode.none) {
        _ = unsafe nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), lastPeerStream, code, nil, 0)
    }

    /// Says why and ends: nothing is read any more.
    func terminate(_ code: UInt32) { _ = unsafe nghttp2_session_terminate_session(session, code) }

    // MARK: What nghttp2 calls

    /// The session that a callback is for, which whoever made nghttp2 run holds.
    @inline(__always)
    fileprivate static func with<Answer>(
        _ context: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Answer
    ) -> Answer {
        guard let context = unsafe context else { preconditionFailure("every session was given its context in init") }
        return unsafe Unmanaged<HTTP2Session>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
    }

    @inline(__always)
    fileprivate func tell<Answer>(_ event: (HTTP2SessionListener) -> Answer) -> Answer {
        guard let listener = unsafe listener else { preconditionFailure("nghttp2 calls back only while it runs") }
        return unsafe listener._withUnsafeGuaranteedRef(event)
    }

    @inline(__always)
    fileprivate static func tell<Answer>(
        _ context: UnsafeMutableRawPointer?, _ event: (HTTP2SessionListener) -> Answer
    ) -> Answer {
        unsafe with(context) { $0.tell(event) }
    }

    /// What to answer nghttp2 behind a field.
    fileprivate func takePause() -> Int32 {
        guard mustPause else { return 0 }
        (mustPause, hasPaused) = (false, true)
        return NGHTTP2_ERR_PAUSE.rawValue
    }

    fileprivate func append(
        _ header: UnsafePointer<UInt8>?, _ count: Int, of source: UnsafeMutablePointer<nghttp2_data_source>?
    ) -> Int32 {
        guard let context = unsafe source?.pointee.ptr else { return -1 }
        unsafe output.append(contentsOf: UnsafeBufferPointer(start: header, count: 9))
        unsafe Unmanaged<HTTP2Stream>.fromOpaque(context)._withUnsafeGuaranteedRef {
            $0.moveContent(count, to: &output)
        }
        return output.count < outputLimit ? 0 : NGHTTP2_ERR_PAUSE.rawValue
    }

    fileprivate func note(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = unsafe frame.pointee.hd
        let endsStream = header.flags & 1 != 0
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_DATA: if endsStream { tell { $0.contentEnded(on: header.stream_id) } }
        case NGHTTP2_HEADERS:
            hasSeenFields = true
            tell { $0.fieldsEnded(on: header.stream_id, endsStream: endsStream) }
        case NGHTTP2_RST_STREAM: tell { $0.peerReset(header.stream_id) }
        case NGHTTP2_GOAWAY:
            let (last, code) = unsafe (frame.pointee.goaway.last_stream_id, frame.pointee.goaway.error_code)
            tell { $0.peerGoesAway(after: last, code: code) }
        case NGHTTP2_SETTINGS:
            // The flag that ends a stream elsewhere acknowledges ours here.
            guard !endsStream else { break }
            if !hasSeenFields { unsafe note(frame.pointee.settings) }
            tell { $0.peerSettingsArrived() }
        case NGHTTP2_WINDOW_UPDATE:
            guard !hasSeenFields, header.stream_id == 0 else { break }
            announced.add(word: UInt64(unsafe frame.pointee.window_update.window_size_increment) | 1 << 63)
        default: break
        }
    }
}

extension HTTP2Session {
    private func note(_ settings: nghttp2_settings) {
        let entries = unsafe UnsafeBufferPointer(start: settings.iv, count: settings.niv)
        for index in 0..<entries.count {
            let entry = unsafe entries[index]
            announced.add(word: UInt64(UInt32(bitPattern: entry.settings_id)) << 32 | UInt64(entry.value))
        }
    }
}

/// The table of callbacks, the same for every session.
///
/// Sendable: made once, then only read (nghttp2 copies it into each session).
@safe
private final class HTTP2Callbacks: @unchecked Sendable {
    static let shared = HTTP2Callbacks()

    let pointer: OpaquePointer?
    private static let failed = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue

    private init() {
        var made: OpaquePointer?
        _ = unsafe nghttp2_session_callbacks_new(&made)
        unsafe pointer = made
        onFrames()
        onFields()
        onContent()
    }

    private func onFrames() {
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(pointer) { _, header, context in
            guard let header = unsafe header?.pointee else { return HTTP2Callbacks.failed }
            let began = HTTP2Frame(header)
            return unsafe HTTP2Session.tell(context) { $0.frameBegan(began) } ? 0 : HTTP2Callbacks.failed
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(pointer) { _, frame, context in
            if let frame = unsafe frame { unsafe HTTP2Session.with(context) { unsafe $0.note(frame) } }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(pointer) { _, _, _, context in
            unsafe HTTP2Session.tell(context) { $0.frameWasInvalid() } ? 0 : HTTP2Callbacks.failed
        }
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(pointer) { _, frame, context in
            guard let frame = unsafe frame else { return 0 }
            let header = unsafe frame.pointee.hd
            let sent = HTTP2Frame(header)
            let isReset = header.type == UInt8(NGHTTP2_RST_STREAM.rawValue)
            let code = unsafe isReset ? frame.pointee.rst_stream.error_code : 0
            unsafe HTTP2Session.tell(context) { $0.frameSent(sent, code: code) }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(pointer) { _, stream, code, context in
            unsafe HTTP2Session.tell(context) { $0.closed(stream, code: code) }
            return 0
        }
    }

    private func onFields() {
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(pointer) { _, frame, context in
            if let stream = unsafe frame?.pointee.hd.stream_id {
                unsafe HTTP2Session.tell(context) { $0.fieldsBegan(on: stream) }
            }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(pointer) {
            _, _, name, nameLength, value, valueLength, _, context in
            guard let name = unsafe name, let value = unsafe value else { return HTTP2Callbacks.failed }
            return unsafe HTTP2Session.with(context) { session in
                let isFine = session.tell { listener in
                    unsafe listener.field(
                        Span(_unsafeStart: name, count: nameLength), Span(_unsafeStart: value, count: valueLength))
                }
                return isFine ? session.takePause() : HTTP2Callbacks.failed
            }
        }
    }

    private func onContent() {
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(pointer) {
            _, _, stream, bytes, count, context in
            let content = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
            unsafe HTTP2Session.tell(context) { unsafe $0.received(content, on: stream) }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_send_data_callback(pointer) { _, _, header, count, source, context in
            unsafe HTTP2Session.with(context) { unsafe $0.append(header, count, of: source) }
        }
    }
}
