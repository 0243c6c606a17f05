import Contracts
import Core
import HTTP
import Inspection
import JSON

/// The request an operator asks about. It goes nowhere.
struct ExplainedRequest: Sendable {
    var method = "GET"
    var host = "localhost"
    var target = "/"
    var headers = HTTPHeaders()
    var body: [UInt8] = []
    /// Whose decisions in force are looked up.
    var client: IPAddress?

    var path: ArraySlice<UInt8> { Array(target.utf8).prefix { $0 != UInt8(ascii: "?") } }

    /// What the engine looks at, Host among the fields as a client would send it.
    var inspected: InspectedRequest {
        let fields = (0..<headers.count).map {
            InspectedRequest.Header(headers.name(at: $0), Array(headers.valueBytes(at: $0)))
        }
        return InspectedRequest(
            method: method, target: Array(target.utf8),
            headers: [InspectedRequest.Header("Host", Array(host.utf8))] + fields, body: body)
    }
}

/// What a request would meet on its way, decided by the same code that decides for real requests.
struct Explanation {
    private static let mostPassedOver = 50

    let lane: RequestLane
    let engine: InspectionEngine

    func explain(_ request: ExplainedRequest) -> JSONValue {
        var answer = JSONObject()
        let host = Exchange.hostName(Array(request.host.utf8)[...])
        answer["request"] = [
            "method": .string(request.method), "host": .string(host), "target": .string(request.target),
        ]
        if let client = request.client { answer["decision"] = decision(client) }
        let path = RequestPath(request.path)
        let rule = request.client.flatMap {
            lane.firewall($0, host: host, method: request.method, path: path)
        }
        if request.client != nil { answer["firewall"] = rule?.json ?? "no rule takes it" }
        if rule?.action == .deny {
            answer["outcome"] = "refused by the firewall"
            return .object(answer)
        }
        guard let path else {
            answer["outcome"] = "refused: servers would read this path in different ways"
            return .object(answer)
        }
        answer["path_as_matched"] = .string(path.text)
        let routing = lane.routingInForce
        let found = routing.routes.match(host: host, method: request.method, path: path) { request.headers.meets($0) }
        answer["passed_over"] = passedOver(routing.routes, request, host, path, chosen: found)
        guard let found else {
            answer["outcome"] = "not found: no route takes this host, path, method and fields"
            return .object(answer)
        }
        let connection = SecLangConnection(remoteAddress: (request.client ?? .v4Loopback).description)
        let verdict = lane.inspect(request.inspected, found.policy, by: engine, connection)
        answer["route"] = found.route.json
        answer["inspection"] = verdict.json
        answer["outcome"] = .string(outcome(found.route, verdict, request, host, path))
        return .object(answer)
    }

    private func outcome(
        _ route: Route, _ verdict: InspectionVerdict, _ request: ExplainedRequest, _ host: String, _ path: RequestPath
    ) -> String {
        if let links = route.hiddenLinks, links.leads(path) {
            return "led into the labyrinth: a hidden link leads here"
        }
        let needs = [route.requiredRole.map { "the role \($0)" }, route.requiredScope.map { "the scope \($0)" }]
            .compactMap { $0 }.joined(separator: " and ")
        let condition = needs.isEmpty ? "" : "with \(needs): "
        let query = Array(request.target.utf8)[...].drop { $0 != UInt8(ascii: "?") }
        switch route.answer {
        case .redirect(let status, let template):
            let source = PathTemplate.Source(path: path, query: query, host: request.host, isSecure: true)
            let target = String(decoding: template.fillTarget(source, of: route.path), as: UTF8.self)
            return "\(condition)redirected with \(status) to \(target)"
        case .fixed(let status, _, let body): return "\(condition)answered with \(status) and \(body.count) bytes"
        case nil: break
        }
        if verdict.action == .block { return "\(condition)blocked by inspection" }
        if request.body.count > route.bodyLimit.bytes {
            return "\(condition)refused: the body is over \(route.bodyLimit)"
        }
        let target = route.rewrite.map { $0.fillPath(path, of: route.path) + query } ?? Array(request.target.utf8)
        return "\(condition)sent to \(route.upstream) as \(String(decoding: target, as: UTF8.self))"
    }

    /// Routes for this host and path that did not get it, or, when nobody did, why the others did not.
    private func passedOver(
        _ table: RouteTable, _ request: ExplainedRequest, _ host: String, _ path: RequestPath, chosen: ActiveRoute?
    ) -> JSONValue {
        var entries: [JSONValue] = []
        for candidate in table.routes where candidate !== chosen && entries.count < Self.mostPassedOver {
            let misfit = candidate.route.misfit(host: host, method: request.method, path: path) {
                request.headers.meets($0)
            }
            if chosen != nil && (misfit == .host || misfit == .path) { continue }
            let reason = misfit?.description ?? "the chosen one is more specific, or stands first in the file"
            entries.append(["route": .string(candidate.route.name), "because": .string(reason)])
        }
        return .array(entries)
    }

    private func decision(_ client: IPAddress) -> JSONValue {
        guard let found = lane.enforcement(of: client, account: nil, now: .now) else { return "none" }
        return [
            "action": .string("\(found.action)"), "decision": .string(found.decision.description),
            "until": .string(found.expires.rfc3339), "reason": .string(found.reason),
        ]
    }
}

extension InspectionVerdict {
    var json: JSONValue {
        [
            "action": .string(action.rawValue), "score": .number(score), "is_complete": .bool(isComplete),
            "findings": .array(findings.map(\.json)),
        ]
    }
}

extension Finding {
    fileprivate var json: JSONValue {
        [
            "rule": .string(ruleID), "title": .string(title), "category": .string("\(category)"),
            "variable": .string(variable.name), "parameter": .string(parameter),
            "matched": .string(String(decoding: matched.prefix(256), as: UTF8.self)), "weight": .number(weight),
            "exclude_with": [
                "rule": silencedBy.rule.map { .string($0) } ?? .null,
                "parameter": silencedBy.parameter.map { .string($0) } ?? .null,
                "directive": silencedByDirective.map { .string($0) } ?? .null,
            ],
            "offset": .number(Double(offset)),
        ]
    }
}
