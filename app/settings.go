package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/server"
)

// The functions below check one setting each and put it into a Config. What they return is preceded by the setting's name and value.

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
			return fmt.Errorf("no role is called %q: use command, query, consolidator or reactor, separated by commas", string(r))
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

func setKeepRejected(c *Config, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 1_000_000 {
		return errors.New("not a number from 0 to 1000000")
	}
	c.KeepRejected = n
	return nil
}

func setMaxWait(c *Config, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < 10*time.Millisecond || d > 25*time.Second {
		return errors.New("not a time from 10ms to 25s, such as 5s")
	}
	c.MaxWait = d
	return nil
}

func setScanLimit(c *Config, v string) error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return errors.New("not a number from 0 up")
	}
	c.ScanLimit = n
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

func setActorHeader(c *Config, v string) error {
	for _, r := range v {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return errors.New("not the name of a header, such as X-Forwarded-User")
		}
	}
	c.ActorHeader = v
	return nil
}

func setOrigins(c *Config, v string) error {
	for text := range strings.SplitSeq(v, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		origin, err := parseOrigin(text)
		if err != nil {
			return err
		}
		c.Origins = append(c.Origins, origin)
	}
	if len(c.Origins) > 1 && slices.Contains(c.Origins, server.AnyOrigin) {
		return errors.New("* is every origin: leave out the others")
	}
	return nil
}

// parseOrigin returns an origin as browsers write it: in small letters, without the port that the scheme has anyway.
func parseOrigin(text string) (string, error) {
	if text == server.AnyOrigin {
		return text, nil
	}
	u, err := url.Parse(strings.ToLower(text))
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil || strings.TrimSuffix(u.Host, ":") != u.Host || strings.ContainsAny(u.Host, "* ") {
		return "", fmt.Errorf("%q is no origin: write it like https://shop.example, with a port if it has one", text)
	}
	if u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q has more than an origin: write %s://%s", text, u.Scheme, u.Host)
	}
	if u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	return u.Scheme + "://" + u.Host, nil
}
