/// What a rule can look at (ModSecurity reference manual, "Variables"), as far as this engine has it. Variables that it
/// has not are refused when rules are loaded.
package enum SecLangVariable: UInt8, Sendable, CaseIterable {
    // Values of the request and the response, each in the value table.
    case argsGet
    case argsPost
    case argsGetNames
    case argsPostNames
    case requestHeaders
    case requestHeadersNames
    case requestCookies
    case requestCookiesNames
    case files
    case filesNames
    case filesSizes
    case multipartFileName
    case multipartName
    case multipartPartHeaders
    case xml
    case requestLine
    case requestMethod
    case requestProtocol
    case requestURI
    case requestURIRaw
    case requestFileName
    case requestBaseName
    case queryString
    case requestBody
    case responseBody
    case responseHeaders
    case responseHeadersNames
    case responseStatus
    case responseProtocol
    case responseContentType
    case remoteAddress
    case remotePort
    case serverAddress
    case serverPort
    case serverName
    case uniqueID
    // Numbers and flags that are computed when a rule asks.
    case argsCombinedSize
    case filesCombinedSize
    case requestBodyLength
    case responseContentLength
    case bodyProcessor
    case bodyError
    case bodyProcessorError
    case multipartStrictError
    case multipartUnmatchedBoundary
    case inboundDataError
    case outboundDataError
    case duration
    case timeEpoch
    case highestSeverity
    // What rules themselves write.
    case transaction
    case ip
    case global
    case session
    case user
    case resource
    case geo
    case environment
    case rule
    case matchedVariable
    case matchedVariableName
    case matchedVariables
    case matchedVariablesNames
    // Unions of the above.
    case args
    case argsNames

    /// As rules write it.
    package var name: String { Self.names[Int(rawValue)] }

    static let byName = Dictionary(uniqueKeysWithValues: zip(names, allCases))

    /// In the order of the cases.
    private static let names: [String] = [
        "ARGS_GET", "ARGS_POST", "ARGS_GET_NAMES", "ARGS_POST_NAMES", "REQUEST_HEADERS", "REQUEST_HEADERS_NAMES",
        "REQUEST_COOKIES", "REQUEST_COOKIES_NAMES", "FILES", "FILES_NAMES", "FILES_SIZES", "MULTIPART_FILENAME",
        "MULTIPART_NAME", "MULTIPART_PART_HEADERS", "XML", "REQUEST_LINE", "REQUEST_METHOD", "REQUEST_PROTOCOL",
        "REQUEST_URI", "REQUEST_URI_RAW", "REQUEST_FILENAME", "REQUEST_BASENAME", "QUERY_STRING", "REQUEST_BODY",
        "RESPONSE_BODY", "RESPONSE_HEADERS", "RESPONSE_HEADERS_NAMES", "RESPONSE_STATUS", "RESPONSE_PROTOCOL",
        "RESPONSE_CONTENT_TYPE", "REMOTE_ADDR", "REMOTE_PORT", "SERVER_ADDR", "SERVER_PORT", "SERVER_NAME",
        "UNIQUE_ID", "ARGS_COMBINED_SIZE", "FILES_COMBINED_SIZE", "REQUEST_BODY_LENGTH", "RESPONSE_CONTENT_LENGTH",
        "REQBODY_PROCESSOR", "REQBODY_ERROR", "REQBODY_PROCESSOR_ERROR", "MULTIPART_STRICT_ERROR",
        "MULTIPART_UNMATCHED_BOUNDARY", "INBOUND_DATA_ERROR", "OUTBOUND_DATA_ERROR", "DURATION", "TIME_EPOCH",
        "HIGHEST_SEVERITY", "TX", "IP", "GLOBAL", "SESSION", "USER", "RESOURCE", "GEO", "ENV", "RULE", "MATCHED_VAR",
        "MATCHED_VAR_NAME", "MATCHED_VARS", "MATCHED_VARS_NAMES", "ARGS", "ARGS_NAMES",
    ]

    /// The parts that stand in the value table, for a union; the variable itself otherwise.
    var parts: [SecLangVariable] {
        switch self {
        case .args: [.argsGet, .argsPost]
        case .argsNames: [.argsGetNames, .argsPostNames]
        default: [self]
        }
    }

    /// A collection that rules write with `setvar`.
    var isWritable: Bool {
        switch self {
        case .transaction, .ip, .global, .session, .user, .resource, .geo, .environment: true
        default: false
        }
    }

    /// Values of the request or the response that do not change once they are known.
    var isStored: Bool { rawValue <= Self.uniqueID.rawValue }

    static let storedCount = Int(uniqueID.rawValue) + 1

    /// Collections whose members have names, so that a selector makes sense.
    var isCollection: Bool {
        switch self {
        case .args, .argsNames, .argsGet, .argsPost, .argsGetNames, .argsPostNames, .requestHeaders,
            .requestHeadersNames, .requestCookies, .requestCookiesNames, .files, .filesNames, .filesSizes,
            .multipartFileName, .multipartName, .multipartPartHeaders, .xml, .responseHeaders, .responseHeadersNames,
            .rule, .matchedVariables, .matchedVariablesNames:
            true
        default: isWritable
        }
    }
}
