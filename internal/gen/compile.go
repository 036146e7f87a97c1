package gen

import (
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
)

var generatedLine = regexp.MustCompile(`(?m)^(?:\./)?(?:entity|graph|rules)/\w[^:\n]*_gen\.go:\d+.*$`)

// compile builds the packages that have generated code. An error in that code is one of the generator's, or a clash of names that it does not know. An
// error only in rules is the user's to mend, perhaps because of what was just generated: it is said, and no failure of the generator.
func compile(dir string, notes io.Writer) error {
	cmd := exec.Command("go", "build", "./entity", "./graph", "./rules") //nolint:noctx // as long as it takes
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	text := strings.TrimSpace(string(out))
	if lines := generatedLine.FindAllString(text, -1); len(lines) > 0 {
		return fmt.Errorf("the generated code does not compile: rename what it is about in the model, or report it\n%s", strings.Join(lines, "\n"))
	}
	if !strings.Contains(text, "rules/") {
		return fmt.Errorf("the generated code can't be built: %w\n%s", err, text)
	}
	fmt.Fprintf(notes, "generated; the rules don't compile now:\n%s\n", text)
	return nil
}
