/// The version of everything in this package: one product, one number.
package enum Version {
    package static let current = "0.1.0"
}
