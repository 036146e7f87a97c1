// Generate writes what Daybook generates for the module in the current folder: see package internal/gen.
package main

import (
	"fmt"
	"os"

	"github.com/daybook-cqrs/daybook/internal/gen"
)

func main() {
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := os.Chdir(dir); err == nil {
		err = gen.Run(".", os.Stderr)
		if err == nil {
			return
		}
		fmt.Fprintln(os.Stderr, err)
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(1)
}
