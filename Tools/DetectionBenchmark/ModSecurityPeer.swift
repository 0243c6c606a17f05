internal import CModSecurity
internal import Inspection

/// libmodsecurity 3 in this process, with rule files of its own to read.
@safe final class ModSecurityPeer {
    struct NotLoaded: Error, CustomStringConvertible {
        let description: String
    }

    private let engine: OpaquePointer
    private let rules: OpaquePointer

    /// What its recommended configuration sets, as far as it concerns requests.
    private static let configuration = """
        SecRequestBodyAccess On
        SecRequestBodyLimit 13107200
        SecRequestBodyNoFilesLimit 13107200
        SecPcreMatchLimit 100000
        SecPcreMatchLimitRecursion 100000
        SecAuditEngine Off
        SecRule REQUEST_HEADERS:Content-Type "(?:application(?:/soap\\+|/)|text/)xml" \
        "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
        SecRule REQUEST_HEADERS:Content-Type "application/json" \
        "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
        """

    /// Blocking, it intervenes; without, it does the same work and only says so.
    init(files: [String], isBlocking: Bool = false, paranoiaLevel: Int = 1) throws {
        guard let engine = unsafe msc_init(), let rules = unsafe msc_create_rules_set() else {
            throw NotLoaded(description: "libmodsecurity does not start")
        }
        unsafe self.engine = engine
        unsafe self.rules = rules
        // Without one, what rules say goes to this process's own output.
        unsafe msc_set_log_cb(engine) { _, _ in }
        var error: UnsafePointer<CChar>?
        let level = """
            SecRuleEngine \(isBlocking ? "On" : "DetectionOnly")
            SecAction "id:900000,phase:1,nolog,pass,t:none,setvar:tx.paranoia_level=\(paranoiaLevel)"

            """
        let text = Self.configuration + "\n" + level + files.map { "Include \($0)\n" }.joined()
        guard unsafe msc_rules_add(rules, text, &error) >= 0 else {
            throw NotLoaded(description: unsafe error.map { unsafe String(cString: $0) } ?? "the rules do not load")
        }
    }

    deinit {
        unsafe msc_rules_cleanup(rules)
        unsafe msc_cleanup(engine)
    }

    /// The five request phases' work, and logging. Returns whether it would have intervened.
    func inspect(_ request: InspectedRequest) -> Bool {
        let transaction = unsafe msc_new_transaction(engine, rules, nil)
        defer { unsafe msc_transaction_cleanup(transaction) }
        unsafe msc_process_connection(transaction, "192.0.2.1", 40_000, "192.0.2.2", 443)
        let target = request.target.map { CChar(bitPattern: $0) } + [0]
        unsafe msc_process_uri(transaction, target, request.method, "1.1")
        for header in request.headers {
            let name = Array(header.name.utf8)
            unsafe msc_add_n_request_header(transaction, name, name.count, header.value, header.value.count)
        }
        unsafe msc_process_request_headers(transaction)
        if !request.body.isEmpty { unsafe msc_append_request_body(transaction, request.body, request.body.count) }
        unsafe msc_process_request_body(transaction)
        // Before the last phase: that one forgets it.
        var intervention = unsafe ModSecurityIntervention(status: 200, pause: 0, url: nil, log: nil, disruptive: 0)
        let isStopped = unsafe msc_intervention(transaction, &intervention) != 0
        unsafe msc_process_logging(transaction)
        return isStopped
    }
}
