// Package query is being written. Delete me.
package query

// Engine is a stub.
type Engine struct{}
