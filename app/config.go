package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Role is a part of the work that a process does.
type Role string

// The roles.
const (
	RoleCommand      Role = "command"      // takes mutations
	RoleQuery        Role = "query"        // answers queries and subscriptions
	RoleConsolidator Role = "consolidator" // projects the log into documents
)

var allRoles = []Role{RoleCommand, RoleQuery, RoleConsolidator}

// Config is how one process runs. ParseConfig reads it from flags and environment variables.
type Config struct {
	Listen      string // host:port; port 0 picks a free one
	Data        string // directory of the embedded engines
	Roles       []Role
	Partitions  int // 1 to 1024, fixed when the log is created; 0 takes what the log has, 16 for a new one
	AllowImport bool
	RedisURL    string // "" for the embedded log
	MongoURI    string // "" for the embedded documents
}

// Has reports whether the process has a role.
func (c *Config) Has(r Role) bool { return slices.Contains(c.Roles, r) }

// setting is one thing to configure, under its two names.
type setting struct {
	flag, env, fallback, help string
	set                       func(c *Config, value string) error
}

var settings = []setting{
	{"listen", "DAYBOOK_LISTEN", "127.0.0.1:8080", "the `host:port` to serve on", setListen},
	{"data", "DAYBOOK_DATA", "./data", "the `directory` that the embedded engines keep their files in", setData},
	{"roles", "DAYBOOK_ROLES", "command,query,consolidator", "what this process does, a comma-separated `list` of command, query, consolidator", setRoles},
	{"partitions", "DAYBOOK_PARTITIONS", "", "the `number` of partitions of a new log, 1 to 1024; 16 if not given; one that exists keeps its own", setPartitions},
	{"allow-import", "DAYBOOK_ALLOW_IMPORT", "false", "accept occurredAt, to bring in history from elsewhere", setAllowImport},
	{"redis-url", "REDIS_URL", "", "keep log and feed on this Redis server, a `URL` like redis://host:6379/0", setRedis},
	{"mongodb-uri", "MONGODB_URI", "", "keep documents on this MongoDB server, a `URI` like mongodb://host:27017/daybook", setMongo},
}

// ErrHelp is returned by ParseConfig after --help was answered.
var ErrHelp = errors.New("help was asked for")

// ParseConfig reads the configuration: a flag wins over its environment variable, which wins over the default. The error is one line
// that says what to change. Help goes to out. environ is as os.Environ returns it.
func ParseConfig(args, environ []string, out io.Writer) (*Config, error) {
	values := map[string]string{}
	for _, s := range settings {
		values[s.flag] = s.fallback
	}
	if err := fromEnv(values, environ); err != nil {
		return nil, err
	}
	given, err := fromFlags(values, args, out)
	if err != nil {
		return nil, err
	}
	c := &Config{}
	for _, s := range settings {
		if err := s.set(c, values[s.flag]); err != nil {
			name := s.env
			if given[s.flag] {
				name = "--" + s.flag
			}
			return nil, fmt.Errorf("%s=%s: %w", name, redact(values[s.flag]), err)
		}
	}
	return c, c.validate()
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

func fromFlags(values map[string]string, args []string, out io.Writer) (given map[string]bool, err error) {
	fs := flag.NewFlagSet("daybook", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	allowImport := fs.Bool("allow-import", false, "")
	texts := map[string]*string{}
	for _, s := range settings {
		if s.flag != "allow-import" {
			texts[s.flag] = fs.String(s.flag, values[s.flag], s.help)
		}
	}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		usage(out)
		return nil, ErrHelp
	case err != nil:
		return nil, fmt.Errorf("%w: see --help", err)
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: see --help", fs.Arg(0))
	}
	given = map[string]bool{}
	fs.Visit(func(f *flag.Flag) {
		given[f.Name] = true
		if f.Name == "allow-import" {
			values[f.Name] = strconv.FormatBool(*allowImport)
		} else {
			values[f.Name] = *texts[f.Name]
		}
	})
	return given, nil
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "Runs the backend. Each flag has an environment variable of the same meaning; the flag wins.")
	fmt.Fprintln(out)
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
	return value
}

func setListen(c *Config, v string) error {
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		return errors.New("not a host:port, such as 127.0.0.1:8080")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %q is no number from 0 to 65535", port)
	}
	c.Listen = v
	return nil
}

func setData(c *Config, v string) error {
	if info, err := os.Stat(v); err == nil && !info.IsDir() {
		return errors.New("it is a file: name a directory")
	}
	c.Data = v
	return nil
}

func setRoles(c *Config, v string) error {
	for name := range strings.SplitSeq(v, ",") {
		r := Role(strings.TrimSpace(name))
		if !slices.Contains(allRoles, r) {
			return fmt.Errorf("no role is called %q: use command, query or consolidator, separated by commas", string(r))
		}
		if !c.Has(r) {
			c.Roles = append(c.Roles, r)
		}
	}
	return nil
}

func setPartitions(c *Config, v string) error {
	if v == "" {
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1024 {
		return errors.New("not a number from 1 to 1024")
	}
	c.Partitions = n
	return nil
}

func setAllowImport(c *Config, v string) error {
	b, err := strconv.ParseBool(v)
	if err != nil {
		return errors.New("use true or false")
	}
	c.AllowImport = b
	return nil
}

func setRedis(c *Config, v string) error {
	return setURL(&c.RedisURL, v, "redis", "rediss", "unix")
}

func setMongo(c *Config, v string) error {
	return setURL(&c.MongoURI, v, "mongodb", "mongodb+srv")
}

func setURL(dst *string, v string, schemes ...string) error {
	scheme, _, _ := strings.Cut(v, "://")
	if v != "" && !slices.Contains(schemes, scheme) {
		return fmt.Errorf("it has to begin with %s://", schemes[0])
	}
	*dst = v
	return nil
}

// validate checks what settings mean together.
func (c *Config) validate() error {
	if len(c.Roles) == len(allRoles) {
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
