// SPDX-License-Identifier: MPL-2.0

package kanbert

import (
	"net/netip"
	"strings"
)

// privateDomains are names that no public DNS resolves.
var privateDomains = []string{"localhost", "local", "internal", "home.arpa", "localdomain"}

// sharedAddresses are those of RFC 6598, behind a carrier's NAT.
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// IsPrivateHost reports whether host, a name or an address without a port, cannot
// be reached from the internet. Names are not looked up.
func IsPrivateHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || sharedAddresses.Contains(ip)
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(name, ".") {
		return true
	}
	for _, domain := range privateDomains {
		if strings.HasSuffix(name, "."+domain) {
			return true
		}
	}
	return false
}

// Hostname returns the host of the API, without a port.
func (c *Client) Hostname() string { return c.baseURL.Hostname() }
