internal import CNGHTTP2

/// A frame's header (RFC 9113 §4.1).
struct HTTP2Frame {
    let type: UInt8
    let flags: UInt8
    let stream: Int32
    let length: Int

    init(_ header: nghttp2_frame_hd) {
        type = header.type
        flags = header.flags
        stream = header.stream_id
        length = header.length
    }

    var isData: Bool { type == 0 }
    var endsStream: Bool { type <= 1 && flags & 1 != 0 }
}

/// RFC 9113 §7.
enum HTTP2ErrorCode {
    static let none: UInt32 = 0
    static let protocolError: UInt32 = 1
    static let internalError: UInt32 = 2
    static let refusedStream: UInt32 = 7
    static let cancel: UInt32 = 8
    static let enhanceYourCalm: UInt32 = 11
}

/// The two sides of a connection differ in what they announce.
struct HTTP2Announcement {
    var isServer: Bool
    var maximumConcurrentStreams: Int
    var streamWindow: Int
    var connectionWindow: Int
    var maximumHeaderListBytes: Int
    var allowsExtendedConnect = false
}
