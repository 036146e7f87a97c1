//go:build !race

package reactor_test

const racing = false
