// SPDX-License-Identifier: MIT

// Nothing: a package with an assembly file may declare functions without a body, as controller.go
// does with reconcileKey.
