// SPDX-License-Identifier: MPL-2.0

// Command receiver takes Kanbert's deliveries and prints the event of each one
// whose signature is right.
//
//	terraform output -json receiver_secrets > secrets.json
//	go run ./examples/receiver -secrets secrets.json
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/kanbert/terraform-provider-kanbert/examples/receiver/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // A second signal ends the program at once.
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("receiver", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "`address` to listen on")
	header := flags.String("header", webhook.DefaultHeader, "`name` of the header that holds the signature")
	file := flags.String("secrets", "secrets.json", "JSON `file` that holds the signing secret of each path")
	if err := flags.Parse(args); err != nil {
		return err
	}
	secrets, err := readSecrets(*file)
	if err != nil {
		return err
	}
	receiver, err := webhook.New(secrets)
	if err != nil {
		return err
	}
	receiver.Header = *header
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	slog.Info("waiting for deliveries", "address", listener.Addr().String(), "paths", len(secrets))
	return serve(ctx, listener, receiver, handle)
}

func readSecrets(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var secrets map[string]string
	if err := json.Unmarshal(text, &secrets); err != nil {
		// The error of encoding/json may quote its input.
		return nil, fmt.Errorf("%s is not a JSON object of texts", file)
	}
	return secrets, nil
}

// serve runs until ctx ends, then lets the requests in flight end and handles
// what was accepted.
func serve(ctx context.Context, listener net.Listener, receiver *webhook.Receiver, handle func(webhook.Delivery)) error {
	working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
	var worker sync.WaitGroup
	worker.Go(func() { receiver.Run(working, handle) })
	defer worker.Wait()
	defer stopWorking()

	// The bounds keep a slow or silent sender from holding a connection.
	server := &http.Server{
		Handler:           receiver,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if server.Shutdown(ending) != nil {
		// A sender that takes too long gets no answer, and sends again: what was
		// accepted from now on would not be handled any more.
		_ = server.Close()
	}
	return nil
}

// handle is where your own work goes.
func handle(delivery webhook.Delivery) {
	slog.Info("delivery verified", "event", delivery.Event, "path", delivery.Path, "bytes", len(delivery.Data))
}
