import { type HoconObject, placeOf } from './hocon/mod.js';
import { fits } from './keys.js';

/** Keys of EMQX that a config may have and that do nothing here, by the reason that is given for it. */
export const PASSED_OVER: readonly { readonly why: string; readonly keys: readonly string[] }[] = [
  {
    why: 'this broker lets everybody in and keeps nobody from a topic',
    keys: words(
      'authentication authorization psk_authentication listeners.tcp.*.authentication',
      'listeners.tcp.*.enable_authn listeners.tcp.*.access_rules flapping_detect',
    ),
  },
  {
    why: 'this broker has TCP listeners only',
    keys: words(
      'listeners.ssl listeners.ws listeners.wss listeners.quic',
      'listeners.tcp.*.proxy_protocol listeners.tcp.*.proxy_protocol_timeout',
    ),
  },
  {
    why: 'nodes speak MQTT over TCP to each other',
    keys: words(
      'cluster.proto_dist cluster.quic_lb_mode cluster.quic_keyfile cluster.quic_certfile rpc.driver',
      'rpc.protocol rpc.ssl_server_port rpc.tcp_client_num rpc.ssl_client_num rpc.client_num',
      'rpc.cacertfile rpc.certfile rpc.keyfile rpc.ciphers rpc.tls_versions rpc.insecure_fallback',
      'rpc.async_batch_size rpc.max_batch_size rpc.socket_keepalive_idle',
      'rpc.socket_keepalive_interval rpc.socket_keepalive_count rpc.socket_sndbuf',
      'rpc.socket_recbuf rpc.socket_buffer rpc.listen_address rpc.ipv6_only',
    ),
  },
  {
    why: 'there is no Mnesia and no Erlang here',
    keys: words(
      'node.db_backend node.process_limit node.max_ports node.dist_buffer_size node.max_ets_tables',
      'node.dist_net_ticktime node.global_gc_interval node.crash_dump_dir node.crash_dump_seconds',
      'node.crash_dump_bytes node.backtrace_depth node.applications node.etc_dir node.config_files',
      'node.cluster_call node.broker_pool_size node.generic_pool_size node.default_shard_transport',
      'node.default_bootstrap_batch_size node.channel_cleanup_batch_size node.shard_transports',
      'node.rpc_module node.tlog_push_mode node.proc_dist_max node.ssl_dist_optfile',
      'cluster.prevent_overlapping_partitions sysmon force_gc force_shutdown vm_args crl_cache',
    ),
  },
  {
    why: 'this broker has no such setting',
    keys: words(
      'listeners.tcp.*.acceptors listeners.tcp.*.tcp_options listeners.tcp.*.mountpoint',
      'listeners.tcp.*.zone listeners.tcp.*.limiter listeners.tcp.*.max_conn_rate',
      'listeners.tcp.*.messages_rate listeners.tcp.*.bytes_rate listeners.tcp.*.max_conn_burst',
      'listeners.tcp.*.messages_burst listeners.tcp.*.bytes_burst listeners.tcp.*.enabled',
      'mqtt.retain_available mqtt.wildcard_subscription mqtt.shared_subscription',
      'mqtt.exclusive_subscription mqtt.ignore_loop_deliver mqtt.strict_mode',
      'mqtt.server_keepalive mqtt.retry_interval mqtt.use_username_as_clientid',
      'mqtt.peer_cert_as_username mqtt.peer_cert_as_clientid mqtt.response_information',
      'mqtt.upgrade_qos mqtt.await_rel_timeout mqtt.mqueue_priorities',
      'mqtt.mqueue_default_priority mqtt.message_expiry_interval mqtt.max_subscriptions',
      'mqtt.keepalive_backoff mqtt.keepalive_check_interval mqtt.client_attrs_init',
      'mqtt.clientid_override mqtt.shared_subscription_initial_sticky_pick',
      'retainer.backend retainer.msg_expiry_interval retainer.msg_clear_interval',
      'retainer.delivery_rate retainer.max_publish_rate retainer.flow_control',
      'retainer.stop_publish_clear_msg retainer.allow_never_expire',
      'sys_topics.sys_heartbeat_interval sys_topics.sys_event_messages',
      'cluster.etcd.ssl_options.depth cluster.etcd.ssl_options.versions',
      'cluster.etcd.ssl_options.ciphers cluster.etcd.ssl_options.password',
      'cluster.etcd.ssl_options.reuse_sessions cluster.etcd.ssl_options.secure_renegotiate',
      'cluster.etcd.ssl_options.server_name_indication cluster.etcd.ssl_options.log_level',
      'cluster.etcd.ssl_options.hibernate_after cluster.etcd.ssl_options.user_lookup_fun',
      'actions alarm api_key auto_subscribe bridges broker conn_congestion connectors dashboard',
      'delayed durable_sessions durable_storage event_message exhook file_transfer gateway license',
      'limiter log modules node_rebalance opentelemetry overload_protection persistent_session_store',
      'plugins prometheus resource_opts rewrite rule_engine schema_registry schema_validation',
      'session_persistence slow_subs sources stats statsd tcp telemetry topic_metrics trace zones',
    ),
  },
];

/** Old names of keys, and what they are called now. */
const MOVED = new Map([
  ['broker.shared_subscription_strategy', 'mqtt.shared_subscription_strategy'],
  ['broker.sys_msg_interval', 'sys_topics.sys_msg_interval'],
]);

const PATTERNS = PASSED_OVER.flatMap(({ why, keys }) =>
  keys.map((key) => ({ why, pattern: key.split('.') })),
);

/** The present name of a key. */
export function presentPath(path: readonly string[]): readonly string[] {
  return MOVED.get(path.join('.'))?.split('.') ?? path;
}

/** Why nothing comes of a key of EMQX, or of what it stands in; undefined for other keys. */
export function whyPassedOver(path: readonly string[]): string | undefined {
  return PATTERNS.find(({ pattern }) => fits(path.slice(0, pattern.length), pattern))?.why;
}

/** The config without the keys that do nothing, and a note for each. */
export function passOver(root: HoconObject): { rest: HoconObject; notes: string[] } {
  const notes: string[] = [];
  const without = (object: HoconObject, path: readonly string[]): HoconObject => {
    const fields = new Map<string, ReturnType<typeof object.fields.get> & object>();
    for (const [key, field] of object.fields) {
      const here = [...path, key];
      const why = whyPassedOver(here);
      if (why !== undefined) {
        notes.push(`${placeOf(field.keyAt)}: ${here.join('.')}: passed over, ${why}`);
        continue;
      }
      const { value } = field;
      fields.set(key, value.kind === 'object' ? { ...field, value: without(value, here) } : field);
    }
    return { ...object, fields };
  };
  return { rest: without(root, []), notes };
}

function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '));
}
