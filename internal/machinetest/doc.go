// Package machinetest has tests of what the state machine promises, on every engine of the log: random walks through any model against an oracle, linearizability of
// each entity, and races. It has nothing to import.
package machinetest
