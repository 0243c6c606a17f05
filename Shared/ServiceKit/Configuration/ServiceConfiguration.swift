/// Everything an operator can set of a service, read once before anything starts. By convention in one file,
/// `Configuration.swift`, where each key stands with its unit, default, bound and secrecy.
package protocol ServiceConfiguration: Sendable {
    init(from reader: inout ConfigurationReader)
}
