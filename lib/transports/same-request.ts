/** Whether two objects are one request: Fastify's request keeps Node's own inside. */
export function isSameRequest(one: object, other: object): boolean {
  return one === other || Reflect.get(one, 'raw') === other || Reflect.get(other, 'raw') === one;
}
