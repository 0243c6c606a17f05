internal import PatternMatching

/// Fills the value table with what is known before the body (phase 1).
enum RequestParts {
    static func collect(
        _ request: InspectedRequest, _ connection: SecLangConnection, into table: inout SecLangValues
    ) {
        table.add(.requestMethod, request.method)
        table.add(.requestProtocol, connection.version)
        table.add(.uniqueID, connection.uniqueID)
        table.add(.remoteAddress, connection.remoteAddress)
        table.add(.remotePort, String(connection.remotePort))
        table.add(.serverAddress, connection.serverAddress)
        table.add(.serverPort, String(connection.serverPort))
        collectLine(request, connection, into: &table)
        collectTarget(request.target.span, into: &table)
        for header in request.headers { collectHeader(header, into: &table) }
    }

    private static func collectLine(
        _ request: InspectedRequest, _ connection: SecLangConnection, into table: inout SecLangValues
    ) {
        let start = table.bytes.count
        _ = table.store(request.method)
        _ = table.store(" ")
        _ = table.store(request.target.span)
        _ = table.store(" ")
        _ = table.store(connection.version)
        table.add(.requestLine, start..<table.bytes.count)
    }

    private static func collectTarget(_ target: Span<UInt8>, into table: inout SecLangValues) {
        table.add(.requestURIRaw, target)
        let origin = target.extracting(originStart(target)..<target.count)
        table.add(.requestURI, origin)
        let question = origin.firstIndex(of: UInt8(ascii: "?")) ?? origin.count
        let path = table.storeDecoded(origin.extracting(0..<question), plusIsSpace: false)
        table.add(.requestFileName, path)
        var name = path.upperBound
        while name > path.lowerBound, table.bytes[name - 1] != UInt8(ascii: "/"),
            table.bytes[name - 1] != UInt8(ascii: "\\")
        {
            name -= 1
        }
        table.add(.requestBaseName, name..<path.upperBound)
        let query = origin.extracting(min(question + 1, origin.count)..<origin.count)
        table.add(.queryString, query)
        FormPairs.parse(query, values: .argsGet, names: .argsGetNames, into: &table)
    }

    /// Where the path begins in `http://host/path`.
    private static func originStart(_ target: Span<UInt8>) -> Int {
        guard target.hasPrefix("http://", at: 0) || target.hasPrefix("https://", at: 0) else { return 0 }
        var index = 8
        while index < target.count {
            if target[index] == UInt8(ascii: "/") { return index }
            index += 1
        }
        return 0
    }

    private static func collectHeader(_ header: InspectedRequest.Header, into table: inout SecLangValues) {
        let name = table.store(header.name)
        let value = table.store(header.value.span)
        table.add(.requestHeaders, .requestHeadersNames, name: name, value)
        if table.bytes.span.extracting(name).equalsIgnoringCase("cookie".utf8.span) {
            CookiePairs.parse(header.value.span, into: &table)
        } else if table.bytes.span.extracting(name).equalsIgnoringCase("host".utf8.span) {
            table.add(.serverName, value)
        }
    }

    static func collect(head response: InspectedResponse, into table: inout SecLangValues) {
        table.add(.responseStatus, String(response.status))
        table.add(.responseProtocol, response.version)
        for header in response.headers {
            let name = table.store(header.name)
            let value = table.store(header.value.span)
            table.add(.responseHeaders, .responseHeadersNames, name: name, value)
            if table.bytes.span.extracting(name).equalsIgnoringCase("content-type".utf8.span) {
                table.add(.responseContentType, value)
            }
        }
    }
}

/// `a=1&b=2`, percent-encoded.
enum FormPairs {
    static func parse(
        _ text: Span<UInt8>, values: SecLangVariable, names: SecLangVariable, into table: inout SecLangValues
    ) {
        var start = 0
        while start < text.count {
            let end = text.place(of: UInt8(ascii: "&"), from: start)
            if end > start {
                let pair = text.extracting(start..<end)
                let equals = pair.place(of: UInt8(ascii: "="))
                let name = table.storeDecoded(pair.extracting(0..<equals))
                let value = table.storeDecoded(pair.extracting(min(equals + 1, pair.count)..<pair.count))
                table.add(values, names, name: name, value)
            }
            start = end + 1
        }
    }
}

/// `a=1; b=2`, as it stands.
enum CookiePairs {
    static func parse(_ text: Span<UInt8>, into table: inout SecLangValues) {
        var start = 0
        while start < text.count {
            var end = start
            while end < text.count, text[end] != UInt8(ascii: ";") { end += 1 }
            while start < end, text[start].isSpace { start += 1 }
            var equals = start
            while equals < end, text[equals] != UInt8(ascii: "=") { equals += 1 }
            if end > start {
                let name = table.store(text.extracting(start..<equals))
                let value = table.store(text.extracting(min(equals + 1, end)..<end))
                table.add(.requestCookies, .requestCookiesNames, name: name, value)
            }
            start = end + 1
        }
    }
}

extension Span<UInt8> {
    func firstIndex(of byte: UInt8) -> Int? {
        for index in indices where self[index] == byte { return index }
        return nil
    }
}
