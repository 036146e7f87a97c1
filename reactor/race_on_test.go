//go:build race

package reactor_test

// racing says that the race detector watches, under which SQLite, which is C made into Go, is some twenty times slower.
const racing = true
