internal import CRabbitMQ

/// Decodes methods and content headers with librabbitmq, and keeps nothing of what the library allocates.
///
/// Not Sendable: confined to its connection's reactor.
@safe final class AMQPDecoder {
    private let pool: UnsafeMutablePointer<amqp_pool_t>

    init() {
        unsafe pool = .allocate(capacity: 1)
        unsafe init_amqp_pool(pool, 4_096)
    }

    deinit {
        unsafe empty_amqp_pool(pool)
        unsafe pool.deallocate()
    }

    func method(_ payload: borrowing Span<UInt8>) throws(AMQPFailure) -> AMQPMethod {
        guard payload.count >= 4 else { throw .malformed("a method without its number") }
        let number = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(payload[$1]) }
        // The only method a client receives that has a table: two bytes of version, then the server's properties.
        if number == AMQP_CONNECTION_START_METHOD { _ = try FieldTable.check(payload, from: 6) }
        defer { unsafe recycle_amqp_pool(pool) }
        let method = unsafe payload.withUnsafeBytes { bytes -> AMQPMethod? in
            var decoded: UnsafeMutableRawPointer?
            let rest = unsafe amqp_bytes_t(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(4)))
            let status = unsafe amqp_decode_method(number, pool, rest, &decoded)
            guard status >= 0, let decoded = unsafe decoded else { return nil }
            return unsafe Self.convert(number, decoded)
        }
        guard let method else { throw .malformed("method \(number) cannot be read") }
        return method
    }

    /// The size of the body that follows, and the message's properties.
    func contentHeader(_ payload: borrowing Span<UInt8>) throws(AMQPFailure) -> (bodySize: UInt64, MessageProperties) {
        guard payload.count >= 14 else { throw .malformed("a content header is cut off") }
        let bodySize = (4..<12).reduce(UInt64(0)) { $0 << 8 | UInt64(payload[$1]) }
        try checkHeaders(payload)
        defer { unsafe recycle_amqp_pool(pool) }
        let properties = unsafe payload.withUnsafeBytes { bytes -> MessageProperties? in
            var decoded: UnsafeMutableRawPointer?
            let rest = unsafe amqp_bytes_t(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(12)))
            let status = unsafe amqp_decode_properties(UInt16(AMQP_BASIC_CLASS), pool, rest, &decoded)
            guard status >= 0, let decoded = unsafe decoded else { return nil }
            return unsafe MessageProperties(decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee)
        }
        guard let properties else { throw .malformed("a message's properties cannot be read") }
        return (bodySize, properties)
    }

    /// Content type and encoding come before the headers, each a length and its bytes.
    private func checkHeaders(_ payload: borrowing Span<UInt8>) throws(AMQPFailure) {
        let flags = UInt32(payload[12]) << 8 | UInt32(payload[13])
        guard flags & 1 == 0 else { throw .malformed("a message with more properties than there are") }
        guard flags & UInt32(AMQP_BASIC_HEADERS_FLAG) != 0 else { return }
        var position = 14
        for flag in [AMQP_BASIC_CONTENT_TYPE_FLAG, AMQP_BASIC_CONTENT_ENCODING_FLAG]
        where flags & UInt32(flag) != 0 {
            guard position < payload.count else { throw .malformed("a message's properties are cut off") }
            position += 1 + Int(payload[position])
        }
        _ = try FieldTable.check(payload, from: position)
    }

    private static func convert(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> AMQPMethod {
        switch number >> 16 {
        case UInt32(AMQP_CONNECTION_CLASS): unsafe connection(number, decoded)
        case UInt32(AMQP_BASIC_CLASS): unsafe basic(number, decoded)
        default: unsafe channel(number, decoded)
        }
    }

    private static func connection(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> AMQPMethod {
        switch number {
        case AMQP_CONNECTION_START_METHOD:
            let start = unsafe decoded.assumingMemoryBound(to: amqp_connection_start_t.self).pointee
            return unsafe .connectionStart(mechanisms: String(start.mechanisms))
        case AMQP_CONNECTION_TUNE_METHOD:
            let tune = unsafe decoded.assumingMemoryBound(to: amqp_connection_tune_t.self).pointee
            return .connectionTune(
                channelMaximum: Int(tune.channel_max), frameMaximum: Int(tune.frame_max),
                heartbeatSeconds: Int(tune.heartbeat))
        case AMQP_CONNECTION_OPEN_OK_METHOD: return .connectionOpenOK
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = unsafe decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
            return unsafe .connectionClose(code: Int(close.reply_code), text: String(close.reply_text))
        case AMQP_CONNECTION_CLOSE_OK_METHOD: return .connectionCloseOK
        case AMQP_CONNECTION_BLOCKED_METHOD:
            let blocked = unsafe decoded.assumingMemoryBound(to: amqp_connection_blocked_t.self).pointee
            return unsafe .connectionBlocked(reason: String(blocked.reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD: return .connectionUnblocked
        default: return .other(number: number)
        }
    }

    private static func channel(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> AMQPMethod {
        switch number {
        case AMQP_CHANNEL_OPEN_OK_METHOD: return .channelOpenOK
        case AMQP_CHANNEL_CLOSE_METHOD:
            let close = unsafe decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
            return unsafe .channelClose(code: Int(close.reply_code), text: String(close.reply_text))
        case AMQP_CHANNEL_CLOSE_OK_METHOD: return .channelCloseOK
        case AMQP_CHANNEL_FLOW_METHOD:
            let flow = unsafe decoded.assumingMemoryBound(to: amqp_channel_flow_t.self).pointee
            return .channelFlow(isActive: flow.active != 0)
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            let queue = unsafe decoded.assumingMemoryBound(to: amqp_queue_declare_ok_t.self).pointee
            return unsafe .queueDeclareOK(
                name: String(queue.queue), messages: Int(queue.message_count), consumers: Int(queue.consumer_count))
        case AMQP_QUEUE_BIND_OK_METHOD: return .queueBindOK
        case AMQP_CONFIRM_SELECT_OK_METHOD: return .confirmSelectOK
        default: return .other(number: number)
        }
    }

    private static func basic(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> AMQPMethod {
        switch number {
        case AMQP_BASIC_DELIVER_METHOD:
            let head = unsafe decoded.assumingMemoryBound(to: amqp_basic_deliver_t.self).pointee
            return unsafe .deliver(
                DeliveryHead(
                    consumer: String(head.consumer_tag), tag: head.delivery_tag, isRedelivered: head.redelivered != 0,
                    exchange: String(head.exchange), routingKey: String(head.routing_key)))
        case AMQP_BASIC_ACK_METHOD:
            let ack = unsafe decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            return .ack(tag: ack.delivery_tag, multiple: ack.multiple != 0)
        case AMQP_BASIC_NACK_METHOD:
            let nack = unsafe decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
            return .nack(tag: nack.delivery_tag, multiple: nack.multiple != 0)
        case AMQP_BASIC_RETURN_METHOD:
            let returned = unsafe decoded.assumingMemoryBound(to: amqp_basic_return_t.self).pointee
            return unsafe .returned(code: Int(returned.reply_code), text: String(returned.reply_text))
        case AMQP_BASIC_GET_OK_METHOD:
            let head = unsafe decoded.assumingMemoryBound(to: amqp_basic_get_ok_t.self).pointee
            return unsafe .getOK(
                DeliveryHead(
                    tag: head.delivery_tag, isRedelivered: head.redelivered != 0, exchange: String(head.exchange),
                    routingKey: String(head.routing_key)))
        case AMQP_BASIC_GET_EMPTY_METHOD: return .getEmpty
        case AMQP_BASIC_QOS_OK_METHOD: return .qosOK
        case AMQP_BASIC_CONSUME_OK_METHOD:
            let consume = unsafe decoded.assumingMemoryBound(to: amqp_basic_consume_ok_t.self).pointee
            return unsafe .consumeOK(consumer: String(consume.consumer_tag))
        case AMQP_BASIC_CANCEL_METHOD:
            let cancel = unsafe decoded.assumingMemoryBound(to: amqp_basic_cancel_t.self).pointee
            return unsafe .cancel(consumer: String(cancel.consumer_tag))
        case AMQP_BASIC_CANCEL_OK_METHOD:
            let cancel = unsafe decoded.assumingMemoryBound(to: amqp_basic_cancel_ok_t.self).pointee
            return unsafe .cancelOK(consumer: String(cancel.consumer_tag))
        default: return .other(number: number)
        }
    }
}

extension MessageProperties {
    init(_ source: amqp_basic_properties_t) {
        let flags = unsafe source._flags
        func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String {
            flags & amqp_flags_t(flag) != 0 ? unsafe String(bytes) : ""
        }
        unsafe type = text(AMQP_BASIC_TYPE_FLAG, source.type)
        unsafe messageID = text(AMQP_BASIC_MESSAGE_ID_FLAG, source.message_id)
        unsafe userID = text(AMQP_BASIC_USER_ID_FLAG, source.user_id)
        unsafe correlationID = text(AMQP_BASIC_CORRELATION_ID_FLAG, source.correlation_id)
        unsafe replyTo = text(AMQP_BASIC_REPLY_TO_FLAG, source.reply_to)
        expirationMilliseconds = unsafe Int(text(AMQP_BASIC_EXPIRATION_FLAG, source.expiration))
        isPersistent = unsafe flags & amqp_flags_t(AMQP_BASIC_DELIVERY_MODE_FLAG) != 0 && source.delivery_mode == 2
        guard flags & amqp_flags_t(AMQP_BASIC_HEADERS_FLAG) != 0 else { return }
        for index in 0..<Int(unsafe source.headers.num_entries) {
            let entry = unsafe source.headers.entries[index]
            if let value = unsafe entry.value.text {
                unsafe headers.append((String(entry.key), value))
            } else if unsafe String(entry.key) == "x-death" {
                death = unsafe Death(entry.value)
            }
        }
    }
}

extension MessageProperties.Death {
    /// The last element of `x-death` is the first death.
    fileprivate init?(_ value: amqp_field_value_t) {
        guard unsafe value.kind == UInt8(AMQP_FIELD_KIND_ARRAY.rawValue) else { return nil }
        let deaths = unsafe value.value.array
        guard unsafe deaths.num_entries > 0 else { return nil }
        let first = unsafe deaths.entries[Int(deaths.num_entries) - 1]
        guard unsafe first.kind == UInt8(AMQP_FIELD_KIND_TABLE.rawValue) else {
            return nil
        }
        let table = unsafe first.value.table
        for index in 0..<Int(unsafe table.num_entries) {
            let entry = unsafe table.entries[index]
            switch unsafe String(entry.key) {
            case "queue": queue = unsafe entry.value.text ?? ""
            case "reason": reason = unsafe entry.value.text ?? ""
            default: break
            }
        }
    }
}

extension amqp_field_value_t {
    fileprivate var text: String? {
        let isText = unsafe kind == UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
        return isText ? unsafe String(value.bytes) : nil
    }
}

extension amqp_bytes_t {
    init(_ buffer: UnsafeRawBufferPointer) {
        unsafe self.init(len: buffer.count, bytes: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
    }
}

extension String {
    /// A copy, repaired where it is not UTF-8.
    fileprivate init(_ bytes: amqp_bytes_t) {
        self = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}
