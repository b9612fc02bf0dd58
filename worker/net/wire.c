#include "worker/net/wire.h"

/* Has more in its struct tcp_info than netinet/tcp.h. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

void
wire_bytes(int fd, uint64_t *in, uint64_t *out)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		return;
	*in += info.tcpi_bytes_received;
	*out += info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
}
