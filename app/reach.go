package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// knock is how long finding out whether anything listens may take; who needs longer is left to the driver.
const knock = 2 * time.Second

// nobodyThere tries the hosts of a URL before a driver does: drivers try again for many seconds, and then say little. It returns an error only if every
// host refuses at once, or has no address.
func nobodyThere(ctx context.Context, uri, defaultPort string) error {
	ctx, cancel := context.WithTimeout(ctx, knock)
	defer cancel()
	var why []string
	for _, host := range hostsOf(uri, defaultPort) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
		var unknown *net.DNSError
		switch {
		case err == nil:
			conn.Close()
			return nil
		case errors.Is(err, syscall.ECONNREFUSED):
			why = append(why, "nothing listens on "+host+" (connection refused)")
		case errors.As(err, &unknown) && unknown.IsNotFound:
			why = append(why, "no host is called "+unknown.Name)
		default:
			return nil // the driver may know more
		}
	}
	if len(why) == 0 {
		return nil
	}
	return errors.New(strings.Join(why, ", "))
}

// hostsOf returns the host:port pairs of a URL, none if it names hosts in another way. net/url does not read the several hosts of a replica set. Those of a Redis Cluster are
// parameters: redis://a:1?addr=b:2.
func hostsOf(uri, defaultPort string) []string {
	scheme, rest, _ := strings.Cut(uri, "://")
	if scheme == "unix" || strings.HasSuffix(scheme, "+srv") {
		return nil
	}
	_, query, _ := strings.Cut(rest, "?")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	hosts := strings.Split(rest, ",")
	if parameters, err := url.ParseQuery(query); err == nil {
		hosts = append(hosts, parameters["addr"]...)
	}
	var out []string
	for _, host := range hosts {
		if host == "" || strings.Contains(host, "%") { // a socket in the file system
			return nil
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), defaultPort)
		}
		out = append(out, host)
	}
	return out
}

// engine is a server that a process keeps something on.
type engine struct {
	name, env, flag, port string
	instead               string // what is used without it
}

var (
	redisEngine = engine{"Redis", "REDIS_URL", "--redis-url", "6379", "the embedded log"}
	mongoEngine = engine{"MongoDB", "MONGODB_URI", "--mongodb-uri", "27017", "the embedded documents"}
)

// failed says why an engine can't be used.
func (e engine) failed(value string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return e.absent(value, fmt.Errorf("no answer within %s", openBound))
	}
	return fmt.Errorf("%s=%s: %w", e.env, redact(value), err)
}

// absent says that nobody answers, and what to change.
func (e engine) absent(value string, why error) error {
	return fmt.Errorf("%s=%s: %w: start %s there, set %s or %s to where it is, or leave both out for %s",
		e.env, redact(value), why, e.name, e.env, e.flag, e.instead)
}

// reach returns an error if nobody is there.
func (e engine) reach(ctx context.Context, value string) error {
	if err := nobodyThere(ctx, value, e.port); err != nil {
		return e.absent(value, err)
	}
	return nil
}
