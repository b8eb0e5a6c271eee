// SPDX-License-Identifier: MPL-2.0

// Command sandbox serves the Kanbert API in memory on a loopback port, to try the
// provider by hand. It writes the environment that leads the provider to it into
// a file to source, and prints a line for each request.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

func main() {
	// There is nothing to save, but a file to remove.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// defaultPort is where the sandbox listens unless that port is taken, and
// portsTried is how many there are to try.
const (
	defaultPort = 8787
	portsTried  = 100
)

// settings are the flags.
type settings struct {
	addr       string
	envFile    string
	docs       bool
	latency    time.Duration
	maxPage    int
	webhooks   int
	rateLimit  int
	ratePeriod time.Duration
	faultShare float64
	seed       uint64
}

const usage = `Serves the Kanbert API in memory, and deletes all data at the end.

  make sandbox SANDBOXFLAGS="-docs -webhooks 40"
  make sandbox SANDBOXFLAGS="-rate-limit 20 -rate-period 3s"
  make sandbox SANDBOXFLAGS="-fault-share 0.1"

Flags:
`

func readFlags(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&s.addr, "addr", "", fmt.Sprintf("loopback `address` to listen on; port 0 takes a free one (default 127.0.0.1:%d, or the next free port)", defaultPort))
	flags.StringVar(&s.envFile, "env", "sandbox.env", "`file` to write the environment to, for source; empty writes none")
	flags.BoolVar(&s.docs, "docs", false, "begin with the webhooks that the documentation imports and reads")
	flags.DurationVar(&s.latency, "latency", 0, "how much longer every answer takes")
	flags.IntVar(&s.maxPage, "max-page", 30, "the largest page of the list, in webhooks")
	flags.IntVar(&s.webhooks, "webhooks", 0, "how many webhooks there are to begin with")
	flags.IntVar(&s.rateLimit, "rate-limit", 0, "how many requests are let in per period; 0 for all")
	flags.DurationVar(&s.ratePeriod, "rate-period", time.Minute, "the period of -rate-limit")
	flags.Float64Var(&s.faultShare, "fault-share", 0, "the share of requests that meet a fault, from 0 to 1")
	flags.Uint64Var(&s.seed, "seed", 0, "what the token, ids, secrets and faults follow from; 0 takes a new one at each start")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.seed == 0 {
		s.seed = rand.Uint64()
	}
	return s, s.check(flags.Args())
}

func (s settings) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("there are flags alone, but no argument %q", rest[0])
	case s.latency < 0 || s.ratePeriod <= 0:
		return errors.New("-latency cannot be negative, and -rate-period has to be positive")
	case s.maxPage < 1:
		return errors.New("-max-page has to be 1 at least")
	case s.webhooks < 0 || s.rateLimit < 0:
		return errors.New("-webhooks and -rate-limit cannot be negative")
	case s.faultShare < 0 || s.faultShare > 1:
		return errors.New("-fault-share lies between 0 and 1")
	}
	return nil
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	set, err := readFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	requests := log.New(stderr, "", log.Ltime)
	sandbox := kanberttest.New(
		kanberttest.WithSeed(set.seed),
		kanberttest.WithLatency(set.latency),
		kanberttest.WithMaxPageSize(set.maxPage),
		kanberttest.WithRateLimit(set.rateLimit, set.ratePeriod),
		kanberttest.WithOnRequest(func(r kanberttest.Request) { requests.Print(line(r)) }),
		kanberttest.WithOnDelivery(func(d kanberttest.Delivery) { requests.Print(deliveryLine(d)) }),
	)
	sandbox.Seed(samples(set.webhooks, time.Now())...)
	if set.docs {
		sandbox.Seed(documented(time.Now())...)
	}
	if set.faultShare > 0 {
		sandbox.FailShare(set.faultShare, set.seed, kanberttest.Match{}, faults...)
	}
	if err := listen(sandbox, set.addr); err != nil {
		return err
	}
	defer sandbox.Close()
	requests.Printf("Serving %s (seed %d). Ctrl-C ends it and deletes all data.", sandbox.BaseURL(), set.seed)
	requests.Print(`Flags: make sandbox SANDBOXFLAGS="-docs -webhooks 40". SANDBOXFLAGS=-h lists them.`)
	requests.Printf(`Deliveries: curl -X POST "$SANDBOX_URL%s?event=contact:create"`, kanberttest.DeliverPath)
	requests.Print("Run this in another terminal:")
	env := environment(sandbox)
	if set.envFile == "" {
		fmt.Fprint(stdout, env)
	} else {
		file, err := writeEnvironment(set.envFile, env)
		if err != nil {
			return fmt.Errorf("%w (another file can be given with -env)", err)
		}
		defer removeEnvironment(file, env)
		fmt.Fprintf(stdout, "source %s\n", shellQuote(file))
	}
	<-ctx.Done()
	return nil
}

// listen takes addr, or else the default port or the next one that is free.
func listen(sandbox *kanberttest.Sandbox, addr string) error {
	if addr != "" {
		if err := sandbox.Listen(addr); err != nil {
			return fmt.Errorf("%w (another address can be given with -addr)", err)
		}
		return nil
	}
	var err error
	for port := defaultPort; port < defaultPort+portsTried; port++ {
		err = sandbox.Listen(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
	}
	return fmt.Errorf("%w, and so are the %d ports before it", err, portsTried-1)
}

// faults are those of -fault-share. None of them lets a person wait for the time
// limit of a request.
var faults = []kanberttest.Fault{
	kanberttest.Reset(),
	kanberttest.Reset().AfterWork(),
	kanberttest.Closed().AfterWork(),
	kanberttest.Status(http.StatusInternalServerError),
	kanberttest.HTML(http.StatusBadGateway),
	kanberttest.HTML(http.StatusBadGateway).AfterWork(),
	kanberttest.CutBody(),
	kanberttest.MissingSecret(),
	kanberttest.RateLimited(kanberttest.InSeconds, time.Second),
}

// samples gives n webhooks of every event, each a minute older than the next.
func samples(n int, now time.Time) []kanberttest.Webhook {
	all := make([]kanberttest.Webhook, n)
	events := kanberttest.Events()
	for i := range all {
		all[i] = kanberttest.Webhook{
			URL:       fmt.Sprintf("https://receiver.example/hooks/%04d", i+1),
			Event:     events[i%len(events)],
			ProjectID: fmt.Sprintf("project-%d", i%3+1),
			CreatedAt: now.Add(time.Duration(i-n) * time.Minute),
		}
	}
	return all
}

// documented gives the webhooks that the configurations of the documentation
// import and read.
func documented(now time.Time) []kanberttest.Webhook {
	return []kanberttest.Webhook{
		{ID: "webhook-1", URL: "https://hooks.example.com/kanbert/new-contacts", Event: "contact:create", CreatedAt: now.AddDate(0, -2, 0)},
		{ID: "webhook-2", URL: "https://hooks.example.com/kanbert/changed-companies", Event: "company:update", CreatedAt: now.AddDate(0, -3, 0)},
		{
			ID: "webhook-3", URL: "https://backup.example.com/kanbert/tasks", Event: "task:create", ProjectID: "project-1",
			CreatedAt: now.AddDate(0, 0, -1),
		},
		{ID: "webhook-4", URL: "https://hooks.example.com/existing/new-contacts", Event: "contact:create", CreatedAt: now.AddDate(0, -1, 0)},
	}
}
