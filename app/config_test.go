package app

import (
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestParseConfig(t *testing.T) {
	c, err := ParseConfig([]string{"--listen", "127.0.0.1:9", "--allow-import"}, []string{"DAYBOOK_LISTEN=127.0.0.1:8", "DAYBOOK_PARTITIONS=4", "HOME=/x"}, io.Discard)
	if err != nil || c.Listen != "127.0.0.1:9" || c.Partitions != 4 || !c.AllowImport || len(c.Roles) != 4 || c.Data != "./data" {
		t.Fatalf("%+v, %v", c, err)
	}
	if c, err := ParseConfig([]string{"--keep-rejected", "1000"}, nil, io.Discard); err != nil || c.KeepRejected != 1000 || c.ScanLimit != 10_000 {
		t.Fatalf("%+v, %v", c, err)
	}
	if c, err := ParseConfig([]string{"--max-wait", "1500ms"}, nil, io.Discard); err != nil || c.MaxWait != 1500*time.Millisecond {
		t.Fatalf("%+v, %v", c, err)
	}
	if c, err := ParseConfig(nil, nil, io.Discard); err != nil || c.MaxWait != 5*time.Second {
		t.Fatalf("%+v, %v", c, err)
	}
	if c, err := ParseConfig(nil, []string{"DAYBOOK_ALLOW_IMPORT=true"}, io.Discard); err != nil || !c.AllowImport {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestWrongConfigurationSaysWhatToChange(t *testing.T) {
	for name, c := range map[string]struct {
		args, env []string
		want      string
	}{
		"unknown variable":    {nil, []string{"DAYBOOK_PORT=1"}, "DAYBOOK_PORT"},
		"bad port":            {nil, []string{"DAYBOOK_LISTEN=127.0.0.1:x"}, "DAYBOOK_LISTEN=127.0.0.1:x"},
		"no port":             {[]string{"--listen", "localhost"}, nil, "--listen=localhost"},
		"bad partitions":      {[]string{"--partitions", "0"}, nil, "1 to 1024"},
		"bad role":            {nil, []string{"DAYBOOK_ROLES=command,queries"}, "queries"},
		"split reactor":       {[]string{"--roles", "reactor"}, nil, "REDIS_URL"},
		"bad number to keep":  {nil, []string{"DAYBOOK_KEEP_REJECTED=1000001"}, "DAYBOOK_KEEP_REJECTED=1000001: not a number from 0 to 1000000"},
		"less than nothing":   {[]string{"--keep-rejected", "-1"}, nil, "--keep-rejected=-1"},
		"bad wait":            {[]string{"--max-wait", "60"}, nil, "10ms to 25s"},
		"a wait too long":     {nil, []string{"DAYBOOK_MAX_WAIT=26s"}, "10ms to 25s"},
		"no wait":             {nil, []string{"DAYBOOK_MAX_WAIT=0s"}, "10ms to 25s"},
		"bad scan limit":      {nil, []string{"DAYBOOK_SCAN_LIMIT=many"}, "DAYBOOK_SCAN_LIMIT=many: not a number from 0 up"},
		"bad boolean":         {nil, []string{"DAYBOOK_ALLOW_IMPORT=perhaps"}, "true or false"},
		"split without redis": {[]string{"--roles", "command"}, nil, "REDIS_URL"},
		"split without mongo": {[]string{"--roles", "query", "--redis-url", "redis://x:1"}, nil, "MONGODB_URI"},
		"bad redis url":       {nil, []string{"REDIS_URL=localhost:6379"}, "redis://"},
		"bad mongo uri":       {nil, []string{"MONGODB_URI=http://x"}, "mongodb://"},
		"unknown flag":        {[]string{"--lisen", "x"}, nil, "lisen"},
		"something left over": {[]string{"serve"}, nil, `"serve"`},
		"no header":           {[]string{"--actor-header", "X User"}, nil, "--actor-header=X User: not the name of a header"},
		"data is a file":      {[]string{"--data", "config_test.go"}, nil, "directory"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfig(c.args, c.env, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	_, err := ParseConfig(nil, []string{"REDIS_URL=http://user:secret@x"}, io.Discard)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestHelp(t *testing.T) {
	var out strings.Builder
	_, err := ParseConfig([]string{"--help"}, nil, &out)
	if !errors.Is(err, ErrHelp) {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "diagram") {
		t.Error("help does not name diagram")
	}
	for _, s := range settings {
		if !strings.Contains(out.String(), s.env) || !strings.Contains(out.String(), "--"+s.flag) {
			t.Errorf("help does not name %s", s.env)
		}
	}
}

func TestWhatCannotBeReachedIsOneLineAndExitCode2(t *testing.T) {
	for _, args := range [][]string{
		{"--redis-url", "redis://127.0.0.1:1", "--mongodb-uri", "mongodb://127.0.0.1:1"},
		{"--listen", "256.0.0.1:1"},
	} {
		var stderr strings.Builder
		code := Do(t.Context(), Definition{Schema: testModel}, append(args, "--data", t.TempDir()), nil, io.Discard, &stderr)
		if lines := strings.Count(stderr.String(), "\n"); code != 2 || lines != 1 {
			t.Errorf("%v: code %d\n%s", args, code, stderr.String())
		}
	}
}

var testModel = fstest.MapFS{"model.graphql": {Data: []byte("type Thing @entity @crud { id: ID! }")}}

func TestTheReactorMayBeLeftOut(t *testing.T) {
	c, err := ParseConfig([]string{"--roles", "command,query,consolidator"}, nil, io.Discard)
	if err != nil || c.Has(RoleReactor) || len(c.Roles) != 3 {
		t.Error(c, err)
	}
}

// Subcommands have flags of their own beside the settings, before and behind their arguments.
func TestFlagsOfSubcommands(t *testing.T) {
	parsed := func(args ...string) (*Config, []string, bool, error) {
		fs := flag.NewFlagSet("show", flag.ContinueOnError)
		short := fs.Bool("short", false, "")
		c, rest, err := parse(fs, args, []string{"DAYBOOK_DATA=here"})
		return c, rest, *short, err
	}
	for _, args := range [][]string{{"a", "b", "--short", "--partitions=3"}, {"--short", "a", "--partitions", "3", "b"}, {"--partitions=3", "--short", "a", "b"}} {
		c, rest, short, err := parsed(args...)
		if err != nil || !short || c.Partitions != 3 || c.Data != "here" || !slices.Equal(rest, []string{"a", "b"}) {
			t.Errorf("%v: %+v, %v, %v, %v", args, c, rest, short, err)
		}
	}
	if _, _, _, err := parsed("a", "--long"); err == nil || !strings.Contains(err.Error(), "long") {
		t.Error(err)
	}
	if _, _, _, err := parsed("a", "--help"); !errors.Is(err, ErrHelp) {
		t.Error(err)
	}
	if _, _, _, err := parsed("--data", "config_test.go"); err == nil || !strings.Contains(err.Error(), "--data=config_test.go") {
		t.Error(err)
	}
}
