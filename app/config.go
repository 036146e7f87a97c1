package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Role is a part of the work that a process does.
type Role string

// The roles.
const (
	RoleCommand      Role = "command"      // takes mutations
	RoleQuery        Role = "query"        // answers queries and subscriptions
	RoleConsolidator Role = "consolidator" // projects the log into documents
	RoleReactor      Role = "reactor"      // runs what follows from events and timers
)

var allRoles = []Role{RoleCommand, RoleQuery, RoleConsolidator, RoleReactor}

// Config is how one process runs. ParseConfig reads it from flags and environment variables.
type Config struct {
	Listen      string // host:port; port 0 picks a free one
	Data        string // directory of the embedded engines
	Roles       []Role
	Partitions  int // 1 to 1024, fixed when the log is created; 0 takes what the log has, 16 for a new one
	AllowImport bool
	RedisURL    string   // "" for the embedded log
	MongoURI    string   // "" for the embedded documents
	ActorHeader string   // the request header that says who sends a command; "" for none
	Origins     []string // what pages may call from, besides the process's own

	ScanLimit    int64 // how many documents a read may look through without an index, and what a view was may be computed from; 0 for no limit
	KeepRejected int   // how many rejected commands are kept to be read, 0 to 1,000,000

	MaxWait time.Duration // how long reads wait to be consolidated as far as they ask for, 10 ms to 25 s
}

// Has reports whether the process has a role.
func (c *Config) Has(r Role) bool { return slices.Contains(c.Roles, r) }

// embeds reports whether the process opens a log or documents in the data directory.
func (c *Config) embeds() bool {
	writes, reads := c.Has(RoleCommand) || c.Has(RoleConsolidator) || c.Has(RoleReactor), c.Has(RoleQuery) || c.Has(RoleConsolidator)
	return writes && c.RedisURL == "" || reads && c.MongoURI == ""
}

// setting is one thing to configure, under its two names.
type setting struct {
	flag, env, fallback, help string
	set                       func(c *Config, value string) error
}

var settings = []setting{
	{"listen", "DAYBOOK_LISTEN", "127.0.0.1:8080", "the `host:port` to serve on", setListen},
	{"data", "DAYBOOK_DATA", "./data", "the `directory` that the embedded engines keep their files in", setData},
	{"roles", "DAYBOOK_ROLES", "command,query,consolidator,reactor", "what this process does, a comma-separated `list` of command, query, consolidator, reactor", setRoles},
	{"partitions", "DAYBOOK_PARTITIONS", "", "the `number` of partitions of a new log, 1 to 1024; 16 if not given; one that exists keeps its own", setPartitions},
	{"allow-import", "DAYBOOK_ALLOW_IMPORT", "false", "accept occurredAt, to bring in history from elsewhere", setAllowImport},
	{"keep-rejected", "DAYBOOK_KEEP_REJECTED", "0", "keep that `number` of rejected commands, the newest, to be read with rejectedCommands; 0 to 1,000,000", setKeepRejected},
	{"max-wait", "DAYBOOK_MAX_WAIT", "5s", "how long reads wait until what they ask for with atLeast or asOf is consolidated, a `time` from 10ms to 25s", setMaxWait},
	{"scan-limit", "DAYBOOK_SCAN_LIMIT", "10000", "the `number` of documents that a filter or sort without an index may look through, and a view as of an instant may be computed from, 0 for any", setScanLimit},
	{"redis-url", "REDIS_URL", "", "keep log and feed on this Redis server, or on the Redis Cluster that it is of, a `URL` like redis://host:6379", setRedis},
	{"mongodb-uri", "MONGODB_URI", "", "keep documents on this MongoDB server, a `URI` like mongodb://host:27017/daybook", setMongo},
	{"actor-header", "DAYBOOK_ACTOR_HEADER", "", "take who sends a command from this `header` of the request, which what stands in front has to set, and to take from what clients send", setActorHeader},
	{"origins", "DAYBOOK_ORIGINS", "", "let pages of these origins call, a comma-separated `list` like https://shop.example; * for all, without credentials", setOrigins},
}

// ErrHelp is returned by ParseConfig after --help was answered.
var ErrHelp = errors.New("help was asked for")

// ParseConfig reads the configuration: a flag wins over its environment variable, which wins over the default. The error is one line
// that says what to change. Help goes to out. environ is as os.Environ returns it.
func ParseConfig(args, environ []string, out io.Writer) (*Config, error) {
	c, rest, err := parse(flag.NewFlagSet("daybook", flag.ContinueOnError), args, environ)
	switch {
	case errors.Is(err, ErrHelp):
		usage(out)
		return nil, err
	case err != nil:
		return nil, err
	case len(rest) > 0:
		return nil, fmt.Errorf("unexpected argument %q: see --help", rest[0])
	}
	return c, nil
}

// parse reads the configuration from fs, which may have flags beside the settings, and returns the arguments that are no flags. Flags may come before and after them.
func parse(fs *flag.FlagSet, args, environ []string) (*Config, []string, error) {
	values := map[string]string{}
	for _, s := range settings {
		values[s.flag] = s.fallback
	}
	if err := fromEnv(values, environ); err != nil {
		return nil, nil, err
	}
	given, rest, err := fromFlags(fs, values, args)
	if err != nil {
		return nil, nil, err
	}
	c := &Config{}
	for _, s := range settings {
		if err := s.set(c, values[s.flag]); err != nil {
			name := s.env
			if given[s.flag] {
				name = "--" + s.flag
			}
			return nil, nil, fmt.Errorf("%s=%s: %w", name, redact(values[s.flag]), err)
		}
	}
	return c, rest, c.validate()
}

func fromEnv(values map[string]string, environ []string) error {
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		i := slices.IndexFunc(settings, func(s setting) bool { return s.env == name })
		switch {
		case i >= 0 && value != "":
			values[settings[i].flag] = value
		case i < 0 && strings.HasPrefix(name, "DAYBOOK_") && !strings.HasPrefix(name, "DAYBOOK_TEST_"):
			return fmt.Errorf("unknown environment variable %s: unset it, or use one of %s", name, names(func(s setting) string { return s.env }))
		}
	}
	return nil
}

func fromFlags(fs *flag.FlagSet, values map[string]string, args []string) (given map[string]bool, rest []string, err error) {
	fs.SetOutput(io.Discard)
	allowImport := fs.Bool("allow-import", false, "")
	texts := map[string]*string{}
	for _, s := range settings {
		if s.flag != "allow-import" {
			texts[s.flag] = fs.String(s.flag, values[s.flag], s.help)
		}
	}
	for done := false; !done; { // ends: each round takes an argument, or has none to take
		switch err := fs.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			return nil, nil, ErrHelp
		case err != nil:
			return nil, nil, fmt.Errorf("%w: see --help", err)
		}
		if done = fs.NArg() == 0; !done {
			rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
		}
	}
	given = map[string]bool{}
	fs.Visit(func(f *flag.Flag) {
		given[f.Name] = true
		if f.Name == "allow-import" {
			values[f.Name] = strconv.FormatBool(*allowImport)
		} else if text, ours := texts[f.Name]; ours {
			values[f.Name] = *text
		}
	})
	return given, rest, nil
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "Runs the backend. With one of these as the first argument it does that instead, and ends:")
	fmt.Fprintln(out)
	for _, c := range subcommands() {
		fmt.Fprintf(out, "  %-8s %s\n", c.name, c.help)
	}
	fmt.Fprintln(out)
	fmt.Fprintln(out, "Each flag has an environment variable of the same meaning; the flag wins.")
	fmt.Fprintln(out)
	settingsUsage(out)
}

func settingsUsage(out io.Writer) {
	for _, s := range settings {
		fmt.Fprintf(out, "  --%-14s %-22s %s (default %q)\n", s.flag, s.env, strings.ReplaceAll(s.help, "`", ""), s.fallback)
	}
}

func names(of func(setting) string) string {
	var out []string
	for _, s := range settings {
		out = append(out, of(s))
	}
	return strings.Join(out, ", ")
}

// redact hides the password of a URL.
func redact(value string) string {
	if u, err := url.Parse(value); err == nil && u.User != nil {
		return u.Redacted()
	}
	scheme, rest, found := strings.Cut(value, "://") // a URL with several hosts, or a wrong one, has secrets too
	end := strings.LastIndexByte(rest, '@')
	user, _, secret := strings.Cut(rest[:max(end, 0)], ":")
	if !found || !secret {
		return value
	}
	return scheme + "://" + user + ":xxxxx" + rest[end:]
}

// whole reports whether the process does all that clients see. The reactor may be left out, to keep timers and reactions still.
func (c *Config) whole() bool {
	return c.Has(RoleCommand) && c.Has(RoleQuery) && c.Has(RoleConsolidator)
}

// validate checks what settings mean together.
func (c *Config) validate() error {
	if c.whole() {
		return nil
	}
	if c.RedisURL == "" {
		return errors.New("--roles names only some of the roles: the processes of a split need REDIS_URL, because the embedded log belongs to one process")
	}
	if c.MongoURI == "" && c.Has(RoleQuery) != c.Has(RoleConsolidator) {
		return errors.New("--roles splits query from consolidator: that needs MONGODB_URI, because the embedded documents belong to one process")
	}
	return nil
}
