import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** A subject is unique to its issuer only: `ada` of one issuer is not `ada` of another. */
@Entity()
@Unique(['issuer', 'subject'])
export class User {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  issuer!: string;

  @Column()
  subject!: string;

  @Column()
  name!: string;

  @Column('simple-array')
  roles!: string[];

  @Column({ default: false })
  locked!: boolean;
}
