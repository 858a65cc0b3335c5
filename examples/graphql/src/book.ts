import { Field, ID, ObjectType } from '@nestjs/graphql';

@ObjectType()
export class Book {
  @Field(() => ID)
  readonly id!: string;

  @Field()
  readonly title!: string;
}
