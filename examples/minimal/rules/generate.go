// Package rules has the rules, of which this application needs none, and their generated table.
package rules

// The directive is here and not beside main: go generate ./... reads the files that it found when it began, and package entity, whose files
// go with their entities, comes before this one.
//
//go:generate go tool generate ..
