package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/position"
)

// loader sends a plan. Each command has an id that derives from what it does, so that a plan can be sent any number of times.
type loader struct {
	client   *client
	plan     *plan
	workers  int
	progress io.Writer

	sent, duplicates atomic.Int64

	mu       sync.Mutex
	position position.Position // of everything that was written
	refused  []string          // what the store refused, and why
}

// errRefused is a command that the store refused. The rest is loaded all the same.
var errRefused = errors.New("refused")

// hopeless is how many refusals end a run: it is not the rows then, but something like a server without --allow-import.
const hopeless = 100

func (l *loader) load(ctx context.Context) error {
	if err := each(ctx, l, "customers", l.plan.customers, l.register); err != nil {
		return err
	}
	if err := each(ctx, l, "products", l.plan.products, l.create); err != nil {
		return err
	}
	return each(ctx, l, "orders", l.plan.orders, l.drive)
}

// each sends the elements of a list, several at once.
func each[T any](ctx context.Context, l *loader, name string, list []T, send func(context.Context, T) error) error {
	bar := progressbar.NewOptions(len(list), progressbar.OptionSetWriter(l.progress), progressbar.OptionSetDescription(fmt.Sprintf("%-9s", name)),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionOnCompletion(func() { fmt.Fprintln(l.progress) }))
	g, sending := errgroup.WithContext(ctx)
	g.SetLimit(l.workers)
	for _, e := range list {
		if sending.Err() != nil {
			break
		}
		g.Go(func() error {
			defer bar.Add(1) //nolint:errcheck // only a picture
			if err := send(sending, e); !errors.Is(err, errRefused) {
				return err
			} else if l.refuse(err) > hopeless {
				return fmt.Errorf("more than %d commands were refused, the last one so: %w", hopeless, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

const registerCustomer = `mutation($id: ID!, $name: String!, $email: String!, $city: String!, $region: String!, $command: CommandOptions) {
  m: registerCustomer(id: $id, name: $name, email: $email, city: $city, region: $region, command: $command) { receipt { position duplicate } errors { code reason message } } }`

// register makes up name and e-mail address: the data set is anonymous.
func (l *loader) register(ctx context.Context, c *customer) error {
	return l.mutate(ctx, registerCustomer, "registerCustomer", c.since, map[string]any{
		"id": c.id, "name": c.name(), "email": c.id + "@olist.example", "city": c.city, "region": c.region,
	})
}

const createProduct = `mutation($id: ID!, $category: String, $nameLength: Int, $descriptionLength: Int, $photos: Int, $weightGrams: Int, $lengthCm: Int, $heightCm: Int, $widthCm: Int, $command: CommandOptions) {
  m: createProduct(id: $id, category: $category, nameLength: $nameLength, descriptionLength: $descriptionLength, photos: $photos, weightGrams: $weightGrams, lengthCm: $lengthCm, heightCm: $heightCm, widthCm: $widthCm, command: $command) { receipt { position duplicate } errors { code reason message } } }`

func (l *loader) create(ctx context.Context, p *product) error {
	vars := map[string]any{"id": p.id}
	for k, v := range p.fields {
		vars[k] = v
	}
	return l.mutate(ctx, createProduct, "createProduct", p.since, vars)
}

// mutations are the steps of an order that need more than its id.
var mutations = map[string]string{
	"createOrder": `mutation($id: ID!, $customer: ID!, $lines: [OrderLineInput!]!, $command: CommandOptions) {
  m: createOrder(id: $id, customer: $customer, lines: $lines, command: $command) { receipt { position duplicate } errors { code reason message } } }`,
	"approveOrder": `mutation($id: ID!, $payments: [PaymentInput!], $command: CommandOptions) {
  m: approveOrder(id: $id, payments: $payments, command: $command) { receipt { position duplicate } errors { code reason message } } }`,
}

const plainStep = `mutation($id: ID!, $command: CommandOptions) {
  m: STEP(id: $id, command: $command) { receipt { position duplicate } errors { code reason message } } }`

// drive sends the history of an order, one step after the other.
func (l *loader) drive(ctx context.Context, o *order) error {
	for _, s := range o.steps {
		vars := map[string]any{"id": o.id}
		switch s.command {
		case "createOrder":
			vars["customer"], vars["lines"] = o.customer.id, emptyList(o.lines)
		case "approveOrder":
			vars["payments"] = emptyList(o.payments)
		}
		query := mutations[s.command]
		if query == "" {
			query = strings.Replace(plainStep, "STEP", s.command, 1)
		}
		if err := l.mutate(ctx, query, s.command, s.at, vars); err != nil {
			return err
		}
	}
	return nil
}

func emptyList(l []map[string]any) []map[string]any {
	if l == nil {
		return []map[string]any{}
	}
	return l
}

// mutate sends a command at its time. Of one that was sent in a run so long ago that the server forgot its id, the server says that it happened.
func (l *loader) mutate(ctx context.Context, query, name string, at time.Time, vars map[string]any) error {
	options := map[string]any{"id": "olist:" + name + ":" + vars["id"].(string)}
	if !at.IsZero() {
		options["occurredAt"] = at.UTC().Format(time.RFC3339)
	}
	vars["command"] = options
	var answer struct {
		M struct {
			Receipt *struct {
				Position  string
				Duplicate bool
			}
			Errors []struct{ Code, Reason, Message string }
		}
	}
	if err := l.client.do(ctx, query, vars, &answer); err != nil {
		return fmt.Errorf("%s %s: %w", name, vars["id"], err)
	}
	l.sent.Add(1)
	if r := answer.M.Receipt; r != nil {
		if r.Duplicate {
			l.duplicates.Add(1)
		}
		return l.wrote(r.Position)
	}
	if e := answer.M.Errors[0]; !slices.Contains([]string{"ALREADY_EXISTS", "INVALID_TRANSITION"}, e.Code) {
		return fmt.Errorf("%w: %s %s: %s %s: %s", errRefused, name, vars["id"], e.Code, e.Reason, e.Message)
	}
	l.duplicates.Add(1) // if it is not what it should be, comparing shows it
	return nil
}

// refuse notes what was refused and returns how often that was.
func (l *loader) refuse(err error) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = append(l.refused, strings.TrimPrefix(err.Error(), errRefused.Error()+": "))
	return len(l.refused)
}

func (l *loader) wrote(text string) error {
	p, err := position.Parse(text)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position = l.position.Join(p)
	return nil
}
