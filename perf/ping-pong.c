/*
 * The limit that ping-pong.ts compares with: QoS 1 round trips over many sockets, one message under way on each, by
 * epoll and nothing else. Compiled by ping-pong.ts.
 *
 *   ping-pong server                    prints its port; answers CONNECT, PUBLISH (QoS 1), PINGREQ; each line on
 *                                       standard input is answered with how many PUBLISH it has acknowledged
 *   ping-pong client <port> <sockets>   connects, prints `ready`, then publishes until standard input ends
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 1024
#define CHUNK 65536
#define LARGEST_PACKET 1024
#define MOST_FILES 65536

enum { CONNECT = 1, CONNACK = 2, PUBLISH = 3, PUBACK = 4, PINGREQ = 12, DISCONNECT = 14 };

static int epoll;
static unsigned char chunk[CHUNK];
static unsigned char answers[CHUNK];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static void no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* All of it at once: what is under way on one connection is far below a socket's buffer. */
static void send_all(int fd, const unsigned char *bytes, size_t length) {
  if (send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length && errno != EPIPE && errno != ECONNRESET) die("send");
}

/* Where the body of the packet at `at` begins, and in `end` where it ends; 0 while more must come. */
static size_t packet(const unsigned char *bytes, size_t at, size_t length, size_t *end) {
  size_t body = at + 1, remaining = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    if (body >= length) return 0;
    unsigned char byte = bytes[body++];
    remaining |= (size_t)(byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    *end = body + remaining;
    return *end <= length ? body : 0;
  }
  fprintf(stderr, "not MQTT\n");
  exit(1);
}

/* ---- server ---- */

/* What came of a packet that is not whole yet. */
static struct {
  size_t length;
  unsigned char bytes[LARGEST_PACKET];
} *rests[MOST_FILES];
static unsigned long long acknowledged;

static size_t answer(const unsigned char *bytes, size_t at, size_t body, unsigned char *out) {
  switch (bytes[at] >> 4) {
    case CONNECT: {
      static const unsigned char v4[] = {0x20, 2, 0, 0}, v5[] = {0x20, 3, 0, 0, 0};
      /* Protocol name with its length, then the version. */
      size_t version = bytes[body + 2 + (bytes[body] << 8 | bytes[body + 1])];
      size_t length = version == 5 ? sizeof v5 : sizeof v4;
      memcpy(out, version == 5 ? v5 : v4, length);
      return length;
    }
    case PUBLISH: {
      if ((bytes[at] & 6) != 2) return 0;
      size_t id = body + 2 + (bytes[body] << 8 | bytes[body + 1]);
      out[0] = PUBACK << 4;
      out[1] = 2;
      out[2] = bytes[id];
      out[3] = bytes[id + 1];
      acknowledged++;
      return 4;
    }
    case PINGREQ:
      out[0] = 0xd0;
      out[1] = 0;
      return 2;
    default:
      return 0;
  }
}

static void serve(int fd) {
  size_t had = 0;
  if (rests[fd] != NULL && rests[fd]->length > 0) {
    had = rests[fd]->length;
    memcpy(chunk, rests[fd]->bytes, had);
    rests[fd]->length = 0;
  }
  ssize_t got = recv(fd, chunk + had, CHUNK - had, 0);
  if (got <= 0) {
    if (got < 0 && errno == EAGAIN) return;
    free(rests[fd]);
    rests[fd] = NULL;
    close(fd);
    return;
  }
  size_t length = had + (size_t)got, at = 0, end = 0, body, owed = 0;
  while (at < length && (body = packet(chunk, at, length, &end)) != 0) {
    owed += answer(chunk, at, body, answers + owed);
    at = end;
    if (owed > CHUNK - 16) {
      send_all(fd, answers, owed);
      owed = 0;
    }
  }
  if (owed > 0) send_all(fd, answers, owed);
  if (at == length) return;
  if (length - at > LARGEST_PACKET) {
    fprintf(stderr, "a packet of more than %d bytes\n", LARGEST_PACKET);
    exit(1);
  }
  if (rests[fd] == NULL && (rests[fd] = malloc(sizeof *rests[fd])) == NULL) die("malloc");
  rests[fd]->length = length - at;
  memcpy(rests[fd]->bytes, chunk + at, length - at);
}

static int server(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4096) < 0) die("listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  watch(listener);
  watch(STDIN_FILENO);
  struct epoll_event events[EVENTS];
  for (;;) {
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) {
        if (read(fd, chunk, CHUNK) <= 0) return 0;
        printf("%llu\n", acknowledged);
        fflush(stdout);
      } else if (fd == listener) {
        int socket;
        while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          if (socket >= MOST_FILES) {
            fprintf(stderr, "more than %d files\n", MOST_FILES);
            return 1;
          }
          no_delay(socket);
          watch(socket);
        }
      } else {
        serve(fd);
      }
    }
  }
}

/* ---- client ---- */

struct device {
  int fd;
  unsigned short id;
  size_t id_at, length;
  unsigned char publish[64];
};

static void send_next(struct device *device) {
  device->id = device->id == 65535 ? 1 : device->id + 1;
  device->publish[device->id_at] = device->id >> 8;
  device->publish[device->id_at + 1] = device->id & 0xff;
  send_all(device->fd, device->publish, device->length);
}

static void open_device(struct device *device, int number, const struct sockaddr_in *address) {
  unsigned char bytes[64];
  device->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (device->fd < 0 || connect(device->fd, (const struct sockaddr *)address, sizeof *address) < 0) die("connect");
  no_delay(device->fd);
  /* CONNECT, 3.1.1, clean session, no keep-alive. */
  static const unsigned char head[] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0};
  memcpy(bytes, head, sizeof head);
  int name = snprintf((char *)bytes + sizeof head + 1, 32, "c-%d", number);
  bytes[sizeof head] = (unsigned char)name;
  bytes[1] = (unsigned char)(sizeof head - 1 + (size_t)name);
  send_all(device->fd, bytes, sizeof head + 1 + (size_t)name);
  if (recv(device->fd, bytes, 4, MSG_WAITALL) != 4 || bytes[0] >> 4 != CONNACK || bytes[3] != 0) die("CONNACK");
  fcntl(device->fd, F_SETFL, O_NONBLOCK);
  /* PUBLISH, QoS 1, the topic, the id, 16 bytes. */
  int topic = snprintf((char *)device->publish + 4, 32, "bench/%d", number);
  device->id_at = 4 + (size_t)topic;
  device->length = device->id_at + 2 + 16;
  device->publish[0] = PUBLISH << 4 | 2;
  device->publish[1] = (unsigned char)(device->length - 2);
  device->publish[2] = 0;
  device->publish[3] = (unsigned char)topic;
}

static int client(int port, int count) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct device *devices = calloc((size_t)count, sizeof *devices);
  static struct device *by_fd[MOST_FILES];
  if (devices == NULL) die("calloc");
  for (int i = 0; i < count; i++) {
    open_device(&devices[i], i, &address);
    if (devices[i].fd >= MOST_FILES) die("too many files");
    by_fd[devices[i].fd] = &devices[i];
    watch(devices[i].fd);
  }
  watch(STDIN_FILENO);
  puts("ready");
  fflush(stdout);
  for (int i = 0; i < count; i++) send_next(&devices[i]);
  struct epoll_event events[EVENTS];
  for (;;) {
    int ready = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) {
        if (read(fd, chunk, CHUNK) <= 0) return 0;
        continue;
      }
      struct device *device = by_fd[fd];
      ssize_t got = recv(fd, chunk, CHUNK, 0);
      if (got != 4 || chunk[0] >> 4 != PUBACK || (chunk[2] << 8 | chunk[3]) != device->id) die("PUBACK");
      send_next(device);
    }
  }
}

int main(int argc, char **argv) {
  epoll = epoll_create1(0);
  if (argc == 2 && strcmp(argv[1], "server") == 0) return server();
  if (argc == 4 && strcmp(argv[1], "client") == 0) return client(atoi(argv[2]), atoi(argv[3]));
  fprintf(stderr, "ping-pong server | ping-pong client <port> <sockets>\n");
  return 2;
}
