// SPDX-License-Identifier: MPL-2.0

// Command sandbox serves a Kanbert in memory on a loopback port, to try the
// provider by hand. It prints the environment that leads the provider to it, and
// a line for each request.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

func main() {
	// Only Ctrl-C ends it well; there is nothing to save.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	addr       string
	latency    time.Duration
	maxPage    int
	webhooks   int
	rateLimit  int
	ratePeriod time.Duration
	faultShare float64
	seed       uint64
}

func readFlags(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8787", "loopback `address` to listen on; port 0 takes a free one")
	flags.DurationVar(&s.latency, "latency", 0, "how much longer every answer takes")
	flags.IntVar(&s.maxPage, "max-page", 30, "the largest page of the list, in webhooks")
	flags.IntVar(&s.webhooks, "webhooks", 0, "how many webhooks there are to begin with")
	flags.IntVar(&s.rateLimit, "rate-limit", 0, "how many requests are let in per period; 0 for all")
	flags.DurationVar(&s.ratePeriod, "rate-period", time.Minute, "the period of -rate-limit")
	flags.Float64Var(&s.faultShare, "fault-share", 0, "the share of requests that meet a fault, from 0 to 1")
	flags.Uint64Var(&s.seed, "seed", 1, "what the token, ids, secrets and faults follow from")
	if err := flags.Parse(args); err != nil {
		return s, err
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
	)
	sandbox.Seed(samples(set.webhooks, time.Now())...)
	if set.faultShare > 0 {
		sandbox.FailShare(set.faultShare, set.seed, kanberttest.Match{}, faults...)
	}
	if err := sandbox.Listen(set.addr); err != nil {
		return fmt.Errorf("%w (another address can be given with -addr)", err)
	}
	defer sandbox.Close()
	_, err = fmt.Fprintf(stdout, "export KANBERT_BASE_URL=%s\nexport KANBERT_TOKEN=%s\n", sandbox.BaseURL(), sandbox.Token())
	if err != nil {
		return err
	}
	requests.Print("Serving. Run these lines in another terminal; Ctrl-C ends this one and forgets everything.")
	<-ctx.Done()
	return nil
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
