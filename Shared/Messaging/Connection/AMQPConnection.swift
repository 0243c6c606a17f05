internal import Core
internal import Reactor
internal import TLS

/// One connection to the broker, from dialling to its end; it is never used again after that.
///
/// Confined to its reactor: every member is touched only by tasks that run there, which is what makes it Sendable.
/// A reader task takes frames apart, a writer task sends what the others encoded meanwhile in one write.
final class AMQPConnection: FrameSink, @unchecked Sendable {
    let reactor: Reactor
    private let stream: any ByteStream
    private let configuration: BusConfiguration
    private let connectionName: String

    private var scanner = FrameScanner()
    private(set) var frameLimits = FrameLimits()
    private let decoder = AMQPDecoder()
    private let encoder = AMQPEncoder()
    private var machine: ConnectionMachine
    private var tuning: ConnectionMachine.Tuning
    private var channels: [UInt16: AMQPChannel] = [:]
    private var lastChannel: UInt16 = 0
    private var lastReceipt = Deadline.now
    private var bytesBeingWritten = 0

    private(set) var failure: AMQPFailure?
    /// The broker takes nothing that is published: it lacks memory or disk.
    private(set) var isBlocked = false
    /// Called when room came to be: bytes were sent, or the broker unblocked us.
    var onRoom: (() -> Void)?
    var onBlocked: ((_ isBlocked: Bool, _ reason: String) -> Void)?

    private let mustWrite = AsyncQueue<Void>(capacity: 1)
    private let opened = Promise<AMQPFailure?>()
    private let end = Promise<AMQPFailure>()

    private init(_ stream: any ByteStream, _ configuration: BusConfiguration, name: String) {
        self.stream = stream
        self.configuration = configuration
        reactor = stream.reactor
        connectionName = name
        tuning = ConnectionMachine.wanted
        tuning.heartbeatSeconds = max(1, Int(configuration.heartbeat.inSeconds))
        machine = ConnectionMachine(wanted: tuning)
    }

    /// To be called on `reactor`. Returns when the virtual host is open.
    static func open(
        _ configuration: BusConfiguration, name: String, on reactor: Reactor
    ) async throws(AMQPFailure) -> AMQPConnection {
        let deadline = Deadline.after(configuration.connectTimeout)
        let stream = try await dial(configuration, on: reactor, deadline: deadline)
        let connection = AMQPConnection(stream, configuration, name: name)
        connection.encoder.protocolHeader()
        connection.requestWrite()
        reactor.run { await connection.readFrames() }
        reactor.run { await connection.writeFrames() }
        do throws(StreamFailure) {
            _ = try await connection.opened.value(deadline: deadline)
        } catch {
            connection.fail(.stream(error))
        }
        if let failure = connection.failure { throw failure }
        return connection
    }

    private static func dial(
        _ configuration: BusConfiguration, on reactor: Reactor, deadline: Deadline
    ) async throws(AMQPFailure) -> any ByteStream {
        let addresses: [SocketAddress]
        do {
            addresses = try await HostName.resolve(configuration.host, port: configuration.port, deadline: deadline)
        } catch {
            throw .unreachable(error.description)
        }
        var reason = AMQPFailure.unreachable("\(configuration.host) has no address")
        for address in addresses {
            do throws(StreamFailure) {
                let socket = try await StreamSocket.connect(to: address, on: reactor, deadline: deadline)
                guard let tls = configuration.tls else { return socket }
                return try await TLSStream.connect(socket, tls, host: configuration.host, deadline: deadline)
            } catch .insecure(let why) {
                reason = .insecure("\(address): \(why)")
            } catch {
                reason = .unreachable("\(address): \(error)")
            }
        }
        throw reason
    }

    /// Returns when the connection is over, with the reason.
    func ended() async -> AMQPFailure { (try? await end.value()) ?? .closed }

    // MARK: Use

    /// Bytes that are encoded and not yet with the kernel.
    var unsentBytes: Int { encoder.bytes.count + bytesBeingWritten }

    func openChannel(_ owner: any ChannelOwner) async throws(AMQPFailure) -> AMQPChannel {
        if let failure { throw failure }
        let number = try freeChannelNumber()
        let channel = AMQPChannel(
            number: number, connection: self, owner: owner, maximumBody: configuration.maximumMessage.bytes)
        channels[number] = channel
        _ = try await channel.ask { $0.channelOpen(number) }
        return channel
    }

    private func freeChannelNumber() throws(AMQPFailure) -> UInt16 {
        let maximum = UInt16(clamping: tuning.channelMaximum)
        for _ in 0..<maximum {
            lastChannel = lastChannel >= maximum ? 1 : lastChannel + 1
            if channels[lastChannel] == nil { return lastChannel }
        }
        throw .tooLarge("all \(maximum) channels are open")
    }

    /// Encodes at once; the writer sends it in its next turn, together with whatever else was encoded until then.
    func send(_ encode: (AMQPEncoder) -> Void) {
        guard failure == nil else { return }
        encode(encoder)
        requestWrite()
    }

    func forget(_ channel: AMQPChannel) { channels[channel.number] = nil }

    /// Says good-bye and waits for the answer.
    func close(deadline: Deadline) async {
        guard failure == nil else { return }
        if machine.isOpen {
            machine.beginClosing()
            send { $0.close(code: 200, text: "good-bye") }
            _ = try? await end.value(deadline: deadline)
        }
        fail(.closed)
    }

    func fail(_ reason: AMQPFailure) {
        guard failure == nil else { return }
        failure = reason
        stream.close()
        mustWrite.finish()
        opened.fulfil(reason)
        for channel in channels.values { channel.fail(reason) }
        channels = [:]
        end.fulfil(reason)
        onRoom?()
        onRoom = nil
        onBlocked = nil
    }

    // MARK: Tasks

    private func requestWrite() { _ = mustWrite.offer(()) }

    private func readFrames() async {
        do throws(AMQPFailure) {
            while failure == nil {
                try await readOnce()
                // What we read may be all there is to read for a while, or a flood: let the others work.
                await Reactor.yield()
            }
        } catch {
            fail(error)
        }
    }

    private func readOnce() async throws(AMQPFailure) {
        let count: Int
        do {
            count = unsafe try await stream.read(
                into: reactor.scratch, deadline: lastReceipt + .seconds(2 * tuning.heartbeatSeconds))
        } catch {
            throw error == .deadlineExceeded ? .unreachable("it has been silent for too long") : .stream(error)
        }
        guard count > 0 else { throw .stream(.reset) }
        lastReceipt = .now
        let buffer = unsafe UnsafeBufferPointer(
            start: reactor.scratch.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count)
        try scanner.feed(unsafe Span(_unsafeElements: buffer), to: self)
    }

    private func writeFrames() async {
        var sending: [UInt8] = []
        while failure == nil {
            do throws(StreamFailure) {
                guard try await mustWrite.receive(deadline: .after(.seconds(tuning.heartbeatSeconds) / 2)) != nil else {
                    return
                }
            } catch {
                encoder.heartbeat()
            }
            await write(&sending)
        }
    }

    /// No deadline: a broker in need does not read for minutes, and one that is gone is noticed by its silence.
    private func write(_ sending: inout [UInt8]) async {
        while !encoder.bytes.isEmpty, failure == nil {
            encoder.exchange(&sending)
            bytesBeingWritten = sending.count
            do throws(StreamFailure) {
                try await stream.write(sending, deadline: .never)
            } catch {
                return fail(.stream(error))
            }
            bytesBeingWritten = 0
            sending.removeAll(keepingCapacity: sending.capacity <= 4 << 20)
            onRoom?()
        }
    }

    // MARK: FrameSink

    func method(channel number: UInt16, _ payload: borrowing Span<UInt8>) throws(AMQPFailure) {
        let method = try decoder.method(payload)
        if number == 0 {
            perform(try machine.receive(method))
        } else if let channel = channels[number] {
            try channel.receive(method)
        }
        // Anything else belongs to a channel we have closed.
    }

    func contentHeader(channel number: UInt16, _ payload: borrowing Span<UInt8>) throws(AMQPFailure) {
        guard let channel = channels[number] else { return }
        let (size, properties) = try decoder.contentHeader(payload)
        try channel.receiveHeader(size: size, properties)
    }

    func contentBody(channel number: UInt16, _ piece: borrowing Span<UInt8>) throws(AMQPFailure) {
        try channels[number]?.receiveBody(piece)
    }

    func heartbeat() {}

    private func perform(_ action: ConnectionMachine.Action) {
        switch action {
        case .authenticate:
            send {
                $0.startOK(
                    user: configuration.user, password: configuration.password, connectionName: connectionName)
            }
        case .tune(let agreed):
            tuning = agreed
            frameLimits = FrameLimits(
                frameMaximum: agreed.frameMaximum, channelMaximum: UInt16(clamping: agreed.channelMaximum))
            encoder.frameMaximum = agreed.frameMaximum
            send { encoder in
                encoder.tuneOK(
                    channelMaximum: agreed.channelMaximum, frameMaximum: agreed.frameMaximum,
                    heartbeatSeconds: agreed.heartbeatSeconds)
                encoder.open(virtualHost: configuration.virtualHost)
            }
        case .opened: opened.fulfil(nil)
        case .setBlocked(let isBlocked, let reason):
            self.isBlocked = isBlocked
            onBlocked?(isBlocked, reason)
            if !isBlocked { onRoom?() }
        case .confirmClose(let reason):
            send { $0.closeOK() }
            fail(reason)
        case .finished: fail(.closed)
        case .nothing: break
        }
    }
}
