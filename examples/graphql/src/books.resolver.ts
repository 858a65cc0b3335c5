import { UseGuards } from '@nestjs/common';
import { Args, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Claims, IdentityAuthGuard, Public, RequireScopes } from 'nestjs-identity-model';
import { Book } from './book.js';

@UseGuards(IdentityAuthGuard)
@Resolver(() => Book)
export class BooksResolver {
  private readonly books: Book[] = [{ id: '1', title: 'The Analytical Engine' }];

  @Public()
  @Query(() => [Book])
  catalogue(): Book[] {
    return this.books;
  }

  @Query(() => String)
  whoami(@Claims('sub') sub: string): string {
    return sub;
  }

  @RequireScopes('books:write')
  @Mutation(() => Book)
  addBook(@Args('title') title: string): Book {
    const book = { id: String(this.books.length + 1), title };
    this.books.push(book);
    return book;
  }

  /** One field of a public query that needs a token and a scope of its own. */
  @RequireScopes('stock:read')
  @ResolveField(() => Int, { nullable: true })
  inStock(@Parent() { id }: Book): number {
    return 10 * Number(id);
  }
}
