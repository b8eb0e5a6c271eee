// SPDX-License-Identifier: MPL-2.0

package kanbert

// WithSteadyBackoff switches the jitter off: a sequence of faults then meets the
// same requests each time it is run.
func WithSteadyBackoff() Option {
	return func(c *Client) error {
		c.backoff.steady = true
		return nil
	}
}

// WithoutWhoami takes the workspace for asked and unknown.
func WithoutWhoami(c *Client) *Client {
	c.workspace.settled, c.workspace.attempts = true, 1
	return c
}
