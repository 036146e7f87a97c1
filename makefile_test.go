package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVulncheckPassesOnlyWhatItSays: a database that can't be reached is no failure, but said; whatever else goes wrong is one, whatever words it has.
func TestVulncheckPassesOnlyWhatItSays(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		if os.Getenv("DAYBOOK_TEST_STRICT") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if _, err := os.Stat("Makefile"); err != nil { // so that the test cache knows that the test is about it
		t.Fatal(err)
	}
	const away = "govulncheck: fetching vulnerabilities: dial tcp: no such host"
	for name, c := range map[string]struct {
		says          string
		code          string
		pass, checked bool
	}{
		"nothing found":          {"No vulnerabilities found.", "0", true, true},
		"no database":            {away, "1", true, false},
		"a finding":              {"Vulnerability #1: GO-2026-1\n  Forbidden: dial tcp, connection refused, i/o timeout", "3", false, true},
		"a finding all the same": {"Vulnerability #1: GO-2026-1\n" + away, "3", false, true},
		"it does not build":      {"dial tcp: no such host", "1", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			fake := filepath.Join(t.TempDir(), "govulncheck")
			if err := os.WriteFile(fake, []byte("cat <<'E'\n"+c.says+"\nE\nexit "+c.code+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("make", "-s", "vulncheck", "GOVULN=sh "+fake).CombinedOutput()
			if (err == nil) != c.pass || strings.Contains(string(out), "NOTHING WAS CHECKED") == c.checked || !strings.Contains(string(out), c.says) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
